"""nbgrader's settings for this course: solutions/ gives exercises/, the rest lies elsewhere.

Submissions, graded copies, feedback and the gradebook (which holds hidden tests and marks) live in
the folder that $COURSE_GRADING names, or in `grading` under the user's own data folder.
nbgrader lists solutions/source as one more assignment, an empty draft: leave it alone.
"""

import os
import sysconfig
from pathlib import Path

from course_utils.authoring.exercise import release_settings
from course_utils.places import user_folder

course = Path(__file__).resolve().parent
grading = Path(os.environ.get("COURSE_GRADING") or user_folder() / "grading").resolve()
if grading == course or course in grading.parents:
    raise SystemExit(
        "COURSE_GRADING must name a folder outside the course, because it will hold hidden tests, "
        f"submissions and marks; got {grading}. Set it to another folder, then run nbgrader again."
    )
grading.mkdir(parents=True, exist_ok=True)  # SQLite makes its file, not its folder

# nbgrader calls alembic by its bare name, which fails where this environment is not activated.
os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])

c = get_config()  # noqa: F821 (nbgrader defines it)
c.merge(release_settings())
c.CourseDirectory.root = str(course)
c.CourseDirectory.course_id = "segmentation"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = str(grading / "submitted")
c.CourseDirectory.autograded_directory = str(grading / "autograded")
c.CourseDirectory.feedback_directory = str(grading / "feedback")
c.CourseDirectory.solution_directory = str(grading / "solution")
c.CourseDirectory.source_with_tests_directory = str(grading / "source_with_tests")
c.CourseDirectory.db_url = f"sqlite:///{(grading / 'gradebook.db').as_posix()}"
c.CourseDirectory.ignore = [  # what beside the notebook is never released
    ".ipynb_checkpoints",
    "__pycache__",
    "feedback",
    "*.md",
    "*.new.ipynb",
    "*.py",
    "*.pyc",
]
