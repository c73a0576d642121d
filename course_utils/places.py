"""Where the course's files live: what ships with it, and what belongs to its user.

What ships (data, notebooks) lies in the course folder, next to this package. What a user makes
(recorded predictions, downloads) lies in the user's own data folder, so that updating or deleting
the course folder never touches it. The functions only name places; they create nothing.
"""

import os
from pathlib import Path

import platformdirs

_APPLICATION = "segmentation-course"


def course_root() -> Path:
    """Folder of the course: the one that holds course.py, data/ and notebooks/.

    Returns
    -------
    Path
        Absolute.

    Raises
    ------
    FileNotFoundError
        If the package was installed without the course around it.

    Examples
    --------
    >>> (course_root() / "course_utils" / "places.py").is_file()
    True
    """
    root = Path(__file__).resolve().parents[1]
    if not (root / "data").is_dir():
        raise FileNotFoundError(
            f"expected the course's data folder at {root / 'data'}, found none. "
            "The package works only inside the course folder: start the course with "
            "`python3 course.py lab`, or install it with `pip install -e .` in that folder."
        )
    return root


def data_folder() -> Path:
    """Folder of the data that ships with the course (annotations, quizzes, small images).

    Returns
    -------
    Path
        Absolute; read it, do not write into it.

    Raises
    ------
    FileNotFoundError
        If the package was installed without the course around it.

    Examples
    --------
    >>> data_folder().relative_to(course_root()).as_posix()
    'data'
    """
    return course_root() / "data"


def user_folder() -> Path:
    """Folder of this user's own course files (recorded answers, downloaded data sets).

    Returns
    -------
    Path
        Absolute, outside the course folder; whoever writes there first creates it.

    Examples
    --------
    >>> user_folder().name
    'segmentation-course'
    """
    # appauthor=False: on Windows the default would repeat the name as an author's folder.
    return platformdirs.user_data_path(_APPLICATION, appauthor=False)


def progress_file() -> Path:
    """File in which recorded answers and predictions are kept, one JSON line each.

    Returns
    -------
    Path
        ``$COURSE_PROGRESS`` where it is set, else progress.jsonl in the user's folder.

    Examples
    --------
    >>> progress_file().suffix
    '.jsonl'
    """
    chosen = os.environ.get("COURSE_PROGRESS")
    return Path(chosen).expanduser() if chosen else user_folder() / "progress.jsonl"
