"""What the browser parts of the widgets share: keys that stay in the widget, and one look.

JupyterLab reads keys that nobody took as its own shortcuts (two presses of `d` delete a cell).
A widget therefore keeps the keys pressed in it, except those that leave it or hold Ctrl or Alt.
The colours are JupyterLab's own variables, so light and dark themes both fit.
"""

import anywidget
import ipywidgets

KEEP_KEYS = """
function keepKeys(element) {                     // JupyterLab must not read them as shortcuts
  element.addEventListener("keydown", (event) => {
    const { key, shiftKey } = event;
    const leaves = key === "Tab" || key === "Escape" || (key === "Enter" && shiftKey);
    if (!leaves && !event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  });
}
function make(tag, parent, properties = {}, attributes = {}) {
  const element = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent?.append(element);
  return element;
}
const newId = () => "course-" + Math.random().toString(36).slice(2);
"""

LOOK = """
.course-widget { font-family: var(--jp-ui-font-family); font-size: var(--jp-ui-font-size1, 13px);
  color: var(--jp-ui-font-color1, #222); line-height: 1.5; }
.course-widget :focus-visible { outline: 3px solid var(--jp-brand-color1, #1976d2);
  outline-offset: 2px; border-radius: 3px; }
.course-widget button { font: inherit; color: inherit; padding: 2px 12px; cursor: pointer;
  min-height: 28px; border-radius: 3px; background: var(--jp-layout-color2, #eee);
  border: 1px solid var(--jp-border-color0, #888); }
.course-widget button:hover { background: var(--jp-layout-color3, #ddd); }
.course-widget .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
"""


class KeyGuard(anywidget.AnyWidget):
    """Unseen, it keeps the keys of all controls that stand in one box with it.

    The controls of ipywidgets let their keys go on to JupyterLab: an arrow key in radio buttons
    would select another cell, and two presses of `d` in a menu delete this one.

    Examples
    --------
    >>> box = guarded([ipywidgets.Dropdown(description="Shape", options=["disc", "square"])])
    >>> [type(child).__name__ for child in box.children]
    ['Dropdown', 'KeyGuard']
    """

    _esm = (
        KEEP_KEYS
        + """
function render({ el }) {
  const attach = () => {
    if (el.isConnected) keepKeys(el.closest(".course-guarded"));
    else requestAnimationFrame(attach);
  };
  attach();
}
export default { render };
"""
    )


def guarded(controls: list[ipywidgets.Widget], **layout: str) -> ipywidgets.Box:
    """Put controls into a box that keeps their keys.

    Parameters
    ----------
    controls : list of Widget
    **layout : str
        As `ipywidgets.Layout` takes them.

    Returns
    -------
    Box

    Examples
    --------
    >>> guarded([], flex_flow="row wrap").layout.flex_flow
    'row wrap'
    """
    guard = KeyGuard(layout=ipywidgets.Layout(display="none"))
    box = ipywidgets.Box([*controls, guard], layout=ipywidgets.Layout(**layout))
    box.add_class("course-guarded")
    return box
