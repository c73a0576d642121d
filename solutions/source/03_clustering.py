# %% [markdown]
# # Exercises to lesson 03: Groups without names
#
# You build k-means from its half-steps, a careful start, and the score that helps to choose K:
# **20 points, about 90 minutes**. Write each answer where the stub is and run the check below it. A
# check says "right", or what is wrong, with the smallest example it found. Run the checks as often as
# you like; nobody counts.
#
# Clusters are numbered from 0 in the order of their centres, so with given starting centres every
# answer is fixed.
#
# **Needs:** lesson 03. **Run time:** about 5 s on two CPU cores; no GPU needed.
# %% [markdown] tags=["solution"]
# ### For instructors: before class
#
# **Time needed:** 3.1 to 3.3 take 10 minutes each, 3.4 takes 20, 3.5 takes 10, 3.6 takes 20, 3.7 and
# the written answer 15 together. In a class of 90 minutes, do 3.1 and 3.2 together at the blackboard
# with four points on a line.
#
# **Typical errors:** `points - centres` without a new axis (3.1), uint8 that wraps round (3.1), nan
# from an empty cluster (3.2), comparing centres with `==` as a stopping rule (3.4), a result one
# half-step out of step (3.4), distance instead of squared distance (3.5), a point counted as its own
# neighbour (3.6). Each that changes a result has its own message in the checks.
# %%
import numpy as np

from course_utils.checks.check import check
from course_utils.datasets.pictures import load_picture
from course_utils.plotting import show_image


# %% [markdown]
# ## 3.1 Assign (2 points)
#
# Every point belongs to its nearest centre: the one with the smallest sum of squared differences. Of
# equally near centres the first one counts.
#
# **Example.** Points `[[0], [4], [5]]`, centres `[[1], [6]]`: the squared distances of the second
# point are 9 and 4, so it belongs to cluster 1. The answer is `[0, 1, 1]`.
#
# Pixels often come as uint8, which holds 0 to 255 only: 10 - 20 is 246 there. Make the arrays float
# before you subtract.
# %%
def assign(points, centres):
    """Number of the nearest centre of each point, 0 ... K - 1, shape (N,).

    points : array of shape (N, D)
    centres : array of shape (K, D)
    """
    ### BEGIN SOLUTION
    difference = points[:, None, :].astype(float) - centres  # (N, K, D): each point, each centre
    distance = np.sum(difference**2, axis=2)  # (N, K), squared
    return distance.argmin(axis=1)  # (N,)
    ### END SOLUTION


# %% [markdown]
# First points with decimals and points halfway between two centres, then colours of type uint8.
# %% points=1
check("3.1", assign, aspect="points")
### BEGIN HIDDEN TESTS
check("3.1", assign, aspect="points", seed=101)
### END HIDDEN TESTS
# %% points=1
check("3.1", assign, aspect="colours of type uint8")
### BEGIN HIDDEN TESTS
check("3.1", assign, aspect="colours of type uint8", seed=102)
dark, bright = np.zeros((1, 3), dtype=np.uint8), np.full((1, 3), 255, dtype=np.uint8)
check("3.1", assign, cases=[(bright - 5, np.vstack([dark, bright])), (dark, bright)])
### END HIDDEN TESTS


# %% [markdown]
# ## 3.2 Update (3 points)
#
# Each centre moves to the mean of its cluster's points. **A cluster without points has no mean: it
# keeps its centre.** Return a new array of floats, and leave the old one as it is.
#
# **Example.** Points `[[0], [2], [9]]`, assignment `[0, 0, 1]`, centres `[[1], [8], [50]]`: the means
# are 1 and 9, and nobody belongs to cluster 2. The answer is `[[1], [9], [50]]`.
# %%
def update(points, assignment, centres):
    """Mean of each cluster's points, shape (K, D); an empty cluster keeps its centre.

    points : array of shape (N, D)
    assignment : int array of shape (N,), cluster of each point
    centres : array of shape (K, D), the centres until now
    """
    ### BEGIN SOLUTION
    moved = centres.astype(float)  # a copy
    for k in range(len(centres)):
        members = points[assignment == k]  # (number of them, D)
        if len(members) > 0:
            moved[k] = members.mean(axis=0)
    return moved
    ### END SOLUTION


# %% [markdown]
# The second check has clusters without points; it counts two points.
# %% points=1
check("3.2", update, aspect="every cluster has points")
### BEGIN HIDDEN TESTS
check("3.2", update, aspect="every cluster has points", seed=103)
### END HIDDEN TESTS
# %% points=2
check("3.2", update, aspect="clusters without points")
### BEGIN HIDDEN TESTS
check("3.2", update, aspect="clusters without points", seed=104)
three = np.array([[1.0, 2.0], [3.0, 5.0], [8.0, 8.0]])
check("3.2", update, cases=[(three, np.array([2, 2, 2]), three + 1)])
### END HIDDEN TESTS


# %% [markdown]
# ## 3.3 Inertia (2 points)
#
# The sum, over all points, of the squared distance to the centre of the *own* cluster, whether that is
# the nearest or not.
#
# **Example.** Points `[[0], [2], [9]]`, centres `[[1], [7]]`, assignment `[0, 0, 1]`: 1 + 1 + 4 = 6.
# %%
def inertia(points, centres, assignment):
    """Sum of the squared distances of all points to their own centres, a number.

    points : array of shape (N, D)
    centres : array of shape (K, D)
    assignment : int array of shape (N,), cluster of each point
    """
    ### BEGIN SOLUTION
    own = centres[assignment]  # (N, D): the centre of each point
    return np.sum((points - own) ** 2)
    ### END SOLUTION


# %% [markdown]
# The second check assigns some points to a centre that is not the nearest.
# %% points=1
check("3.3", inertia, aspect="each point in its nearest cluster")
### BEGIN HIDDEN TESTS
check("3.3", inertia, aspect="each point in its nearest cluster", seed=105)
### END HIDDEN TESTS
# %% points=1
check("3.3", inertia, aspect="any assignment")
### BEGIN HIDDEN TESTS
check("3.3", inertia, aspect="any assignment", seed=106)
### END HIDDEN TESTS


# %% [markdown]
# ## 3.4 The whole of k-means (4 points)
#
# First assign the points to the starting centres. Then go round: **update, then assign.** Stop after
# the first round in which no point changes its cluster, or after `max_rounds` rounds. Return what you
# have then, as a dictionary: `"centres"`, `"assignment"` and `"rounds"`, the number of rounds done,
# the last one included.
#
# **Example.** Points `[[0], [2], [10], [14]]`, starting centres `[[0], [2]]`. The first assignment is
# `[0, 1, 1, 1]`. Round 1: centres 0 and 26/3, assignment `[0, 0, 1, 1]`. Round 2: centres 1 and 12,
# and nothing changes: stop. The answer is centres `[[1], [12]]`, assignment `[0, 0, 1, 1]`, rounds 2.
# %%
def kmeans(points, centres, max_rounds):
    """A dictionary of centres (K, D), assignment (N,) and rounds, a number.

    points : array of shape (N, D)
    centres : array of shape (K, D), the starting centres
    max_rounds : int, at least 1
    """
    ### BEGIN SOLUTION
    assignment = assign(points, centres)
    rounds = 0
    changed = True
    while changed and rounds < max_rounds:
        centres = update(points, assignment, centres)
        previous = assignment
        assignment = assign(points, centres)
        changed = np.any(assignment != previous)
        rounds = rounds + 1
    return {"centres": centres, "assignment": assignment, "rounds": rounds}
    ### END SOLUTION


# %% [markdown]
# First with enough rounds, then with too few of them. Two points each.
# %% points=2
check("3.4", kmeans, aspect="to the end")
### BEGIN HIDDEN TESTS
check("3.4", kmeans, aspect="to the end", seed=107)
### END HIDDEN TESTS
# %% points=2
check("3.4", kmeans, aspect="stopped by max_rounds")
### BEGIN HIDDEN TESTS
check("3.4", kmeans, aspect="stopped by max_rounds", seed=108)
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# Your k-means on a real picture: the coffee in six colours.
# %% tags=["solution"]
image = load_picture("coffee").image[::4, ::4]
points = image.reshape(-1, 3).astype(float)
answer = kmeans(points, points[:: len(points) // 6][:6], 100)
colours = answer["centres"].round().astype(np.uint8)
show_image(colours[answer["assignment"]].reshape(image.shape), title="six colours")
print(f"{answer['rounds']} rounds, colours {colours.tolist()}")
# %% [markdown] tags=["solution"]
# **Discussion.** Why does "stop when the centres are equal to the last ones" often work and sometimes
# run for ever? Equal assignments give equal means, so both rules agree on paper; with floats that are
# summed in another order they may not. Integers are the safer test. And why is there an end at all?
# There are finitely many assignments, and inertia falls in every round that changes one.


# %% [markdown]
# ## 3.5 A careful start (2 points)
#
# k-means++ draws each further starting centre among the points, with a probability proportional to
# the **squared** distance of the point from the **nearest** centre so far. Return these
# probabilities; they add up to 1. If every point lies on a centre already, all points are equally
# likely.
#
# **Example.** Points `[[0], [1], [3]]`, one centre `[[0]]`: squared distances 0, 1 and 9, so the
# probabilities are `[0, 0.1, 0.9]`.
# %%
def next_centre_chances(points, centres):
    """Probability of each point to become the next centre, shape (N,).

    points : array of shape (N, D)
    centres : array of shape (K, D), those chosen so far
    """
    ### BEGIN SOLUTION
    difference = points[:, None, :] - centres  # (N, K, D)
    distance = np.sum(difference**2, axis=2).min(axis=1)  # (N,) squared, to the nearest centre
    if np.all(distance == 0):
        return np.full(len(points), 1 / len(points))
    return distance / distance.sum()
    ### END SOLUTION


# %% [markdown]
# The second check counts for several centres, the third for the case in which nothing is left to
# choose; it gives no points of its own.
# %% points=1
check("3.5", next_centre_chances, aspect="one centre")
### BEGIN HIDDEN TESTS
check("3.5", next_centre_chances, aspect="one centre", seed=109)
### END HIDDEN TESTS
# %% points=1
check("3.5", next_centre_chances, aspect="several centres")
### BEGIN HIDDEN TESTS
check("3.5", next_centre_chances, aspect="several centres", seed=110)
### END HIDDEN TESTS
# %% points=0
check("3.5", next_centre_chances, aspect="every point is a centre")


# %% [markdown]
# ## 3.6 The silhouette (2 points)
#
# For each point, **a** is its mean distance (not squared) to the *other* points of its own cluster,
# and **b** its mean distance to the points of the *nearest other* cluster, that is the smallest of
# these means. The silhouette is (b - a) / max(a, b). A point alone in its cluster has silhouette 0.
#
# **Example.** Points `[[0], [2], [8]]`, assignment `[0, 0, 1]`. First point: a = 2, b = 8, silhouette
# 0.75. Second: a = 2, b = 6, silhouette 2/3. The third is alone: 0.
# %%
def silhouette(points, assignment):
    """Silhouette of each point, shape (N,), values in [-1, 1].

    points : array of shape (N, D)
    assignment : int array of shape (N,), at least two different clusters
    """
    ### BEGIN SOLUTION
    apart = np.sqrt(np.sum((points[:, None, :] - points) ** 2, axis=2))  # (N, N) distances
    values = np.zeros(len(points))
    for i in range(len(points)):
        own = assignment == assignment[i]  # (N,) bool
        size = np.count_nonzero(own)
        if size > 1:
            a = apart[i][own].sum() / (size - 1)  # the point itself adds 0 and is not counted
            others = np.unique(assignment[~own])
            b = min([apart[i][assignment == k].mean() for k in others])
            values[i] = (b - a) / max(a, b)
    return values
    ### END SOLUTION


# %% [markdown]
# The second check has clusters of a single point.
# %% points=1
check("3.6", silhouette, aspect="clusters of several points")
### BEGIN HIDDEN TESTS
check("3.6", silhouette, aspect="clusters of several points", seed=111)
### END HIDDEN TESTS
# %% points=1
check("3.6", silhouette, aspect="a cluster of one point")
### BEGIN HIDDEN TESTS
check("3.6", silhouette, aspect="a cluster of one point", seed=112)
### END HIDDEN TESTS


# %% [markdown]
# ## 3.7 Choose K (2 points)
#
# Given several assignments of the same points, one for each K that was tried, return the number of
# clusters of the assignment with the highest **mean** silhouette.
#
# **Example.** Points `[[0], [2], [8], [9]]`, assignments `[[0, 1, 2, 2], [0, 0, 1, 1]]`: the mean
# silhouettes are 0.42 and 0.80, so the second wins. It has 2 clusters, and that is the answer.
# %%
def choose_k(points, assignments):
    """Number of clusters of the best assignment, an int.

    points : array of shape (N, D)
    assignments : list of int arrays of shape (N,)
    """
    ### BEGIN SOLUTION
    scores = [np.mean(silhouette(points, assignment)) for assignment in assignments]
    best = assignments[np.argmax(scores)]
    return len(np.unique(best))
    ### END SOLUTION


# %% [markdown]
# Points in two to five groups, tried with some of these K.
# %% points=2
check("3.7", choose_k)
### BEGIN HIDDEN TESTS
check("3.7", choose_k, seed=113)
### END HIDDEN TESTS


# %% [markdown]
# ## 3.8 Who is the better gland finder? (3 points)
#
# A colleague scores two methods on the tissue picture of the lesson, naming every cluster by the
# majority of its pixels in the drawn truth. She reports: "k-means with two clusters finds the glands
# with IoU 0.94. With 300 SLIC super-pixels I reach 0.97. Even calling everything gland gives 0.84, so
# both are good, and super-pixels are the better gland finder."
#
# In three to five sentences: what did the truth contribute to these numbers? Why is the comparison
# unfair? What would you ask her to do, so that the numbers say how well glands would be found in the
# *next* picture?
# %% [markdown] tags=["hand-graded"] points=3
# Neither method finds glands: both give groups without names, and the names came from the truth, so
# both scores are what an oracle reaches, not what a computer would. The comparison is unfair because the oracle has
# two decisions to make in one case and 300 in the other; with one super-pixel for each pixel it would
# reach 1 whatever the picture shows. I would ask her to fix a rule for the naming before she sees the
# truth, for example "the browner of two clusters", or to learn it on other pictures, and then to
# score it on pictures that were not used for it. The score of calling everything gland belongs beside
# it, and 0.84 shows how little room there is above it.
# %% [markdown] tags=["solution"]
# ### For instructors: marking the answer
#
# - **1 point:** the names came from the truth (an oracle), so the scores say what is possible, not what is found.
# - **1 point:** the oracle's help grows with the number of clusters, so 2 and 300 cannot be compared.
# - **1 point:** a rule of naming that is fixed without the truth of the scored picture, or other
#   pictures for the choice and for the score. "Use more pictures" without that reason earns nothing.
#
# **Discussion.** What is the IoU of 300 *square* tiles, named by the oracle? (Lesson 03, section 11,
# does it for the suit: it is high too.) Which of the two methods would you still start from?
