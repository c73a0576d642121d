# %% [markdown]
# # 03 Groups without names: clustering
#
# After this lesson you can run k-means by hand on the pixels of a picture, say why it stops and why
# it can stop at a bad place, choose K, add position to colour, and build super-pixels.
#
# **Needs:** lesson 02, thresholds; Python and NumPy. **Run time:** about 30 s on two CPU cores; no
# GPU needed.
# %%
import matplotlib.pyplot as plt
import numpy as np
from skimage.color import rgb2gray, rgb2lab

from course_utils import clustering
from course_utils.datasets.pictures import load_picture
from course_utils.figures import set_alt_text
from course_utils.metrics import mask_iou
from course_utils.plotting import compare, show_error_map, show_image
from course_utils.timing import milliseconds
from course_utils.widgets.predict import predict, reveal
from course_utils.widgets.quiz import quiz

# %% [markdown]
# ## 1 A picture that asks to be sorted
#
# A slice of the colon under the microscope, stained so that glands are brown and nuclei blue. How
# much of it is gland? Lesson 02 kept one grey level for each pixel. Here every pixel keeps its three
# numbers, and a method called **k-means** sorts the pixels into K groups of similar colour. Nobody
# tells it what a gland is.
# %%
tissue = load_picture("immunohistochemistry")
show_image(tissue.image, title="colon tissue: how much is gland?")
pixels = tissue.image.reshape(-1, 3).astype(float)  # (N, 3): one row for each pixel
different = len(np.unique(pixels, axis=0))
print(f"{len(pixels):,} pixels, {different:,} different colours")
# %% [markdown]
# **Predict.** Answer before you run the cells after this one.
# %% tags=["nbval-ignore-output"]
predict(
    "03-two-groups",
    "k-means sorts these pixels into two groups. Which two?",
    options=["blue and not blue", "brown and not brown", "the upper and the lower half"],
)
# %% [markdown]
# ## 2 Pixels are points
#
# Forget where the pixels are. Red, green and blue are three coordinates, so a picture is a cloud of
# points. Here are 1,500 of its pixels, seen along the green axis.
# %%
rng = np.random.default_rng(0)
points = pixels[rng.choice(len(pixels), 1500, replace=False)]  # (1500, 3)
figure, ax = plt.subplots(figsize=(4, 3.6))
ax.scatter(points[:, 0], points[:, 2], s=6, c=points / 255)
ax.set(xlabel="red", ylabel="blue", xlim=(0, 260), ylim=(0, 260), aspect="equal")
set_alt_text(
    ax,
    "1,500 pixels in the plane of red and blue: a long cloud from dark brown up to white, "
    "densest in the brown middle and in the pale corner.",
)
print(
    f"mean colour {points.mean(axis=0).round().astype(int)}, spread along red and blue "
    f"{points[:, 0].std():.0f} and {points[:, 2].std():.0f}"
)
# %% [markdown]
# The cloud is denser in some places than in others. k-means describes it by K points, the
# **centres**, one for each **cluster**. A good description leaves no pixel far from its centre. The
# measure is the **inertia**: the sum, over all pixels, of the squared distance to the own centre.
#
# $$\text{inertia} = \sum_{i} \lVert x_i - c_{a(i)} \rVert^2$$
#
# Two things are wanted: the centres $c_1 \ldots c_K$, and the **assignment** $a(i)$, the number of
# the cluster that pixel i belongs to. Each would be easy if the other were known.


# %% [markdown]
# ## 3 One round, two half-steps
#
# If the centres are known, every pixel belongs to the nearest one. That is the half-step **assign**.
# %%
def assign(points, centres):
    difference = points[:, None, :] - centres  # (N, K, 3): each pixel, each centre
    distance = np.sum(difference**2, axis=2)  # (N, K), squared
    return distance.argmin(axis=1)  # (N,) 0 ... K - 1


centres = points[:3]  # a poor start: the first three pixels
assignment = assign(points, centres)
print("centres:", centres.astype(int).tolist())
print("pixels in each cluster:", np.bincount(assignment, minlength=3))


# %% [markdown]
# If the assignment is known, the best centre of a cluster is the mean of its pixels. That is the
# half-step **update**. (A cluster may have lost all its pixels. It has no mean; here it keeps its
# centre.)
# %%
def update(points, assignment, centres):
    centres = centres.copy()
    for k in range(len(centres)):
        if np.any(assignment == k):
            centres[k] = points[assignment == k].mean(axis=0)
    return centres


def inertia(points, centres, assignment):
    return np.sum((points - centres[assignment]) ** 2)


moved = update(points, assignment, centres)
print(f"inertia before the update {inertia(points, centres, assignment):,.0f}")
print(f"inertia after the update  {inertia(points, moved, assignment):,.0f}")
# %% [markdown]
# k-means is nothing but these two half-steps, one after the other. **Move it.** Click *Half-step*
# and watch the same pixels three times: in the plane of colours (centres are crosses), in the
# picture, and in the inertia, here divided by the number of pixels. Try K = 5, then the rocket. (K = 2
# would give away the answer to your prediction; section 4 draws it.) Can the curve ever rise?
# %%
from course_utils.widgets import kmeans as kmeans_demo

figure, words = kmeans_demo.draw_kmeans(steps=3, picture="tissue", num_clusters=3)
print(words)
figure
# %% tags=["nbval-ignore-output"]
kmeans_demo.demo()
# %% [markdown]
# It cannot rise. *Assign* gives each pixel its nearest centre, so no pixel's distance grows; *update*
# moves each centre to the mean, which is the point with the smallest sum of squared distances.
# Inertia falls or stays, and there are finitely many assignments, so after some rounds nothing moves.
# The next cell watches 50 runs.
# %%
half_steps, largest_rise = 0, -np.inf
for seed in range(50):
    rng = np.random.default_rng(seed)
    centres = points[rng.choice(len(points), 4, replace=False)]
    assignment = assign(points, centres)
    before = inertia(points, centres, assignment)
    for _ in range(10):
        for half_step in ("update", "assign"):
            if half_step == "update":
                centres = update(points, assignment, centres)
            else:
                assignment = assign(points, centres)
            after = inertia(points, centres, assignment)
            largest_rise, before = max(largest_rise, after / before - 1), after
            half_steps += 1
print(f"{half_steps} half-steps; inertia rose in one of them: {largest_rise > 1e-12}")


# %% [markdown]
# ## 4 The whole of k-means
#
# Put the two into a loop and add a **stopping rule**: stop when no pixel changes its cluster.
# %%
def kmeans(points, centres):
    previous, rounds = None, 0
    assignment = assign(points, centres)
    while previous is None or np.any(assignment != previous):
        centres = update(points, assignment, centres)
        previous, assignment = assignment, assign(points, centres)
        rounds += 1
    return centres, assignment, rounds


centres, assignment, rounds = kmeans(points, points[:3])
print(f"{rounds} rounds, inertia {inertia(points, centres, assignment):,.0f}")
# %% [markdown]
# **Same answer as the library?** Given the same starting centres, cluster k is the one that began
# at row k, so centres, assignment and inertia can be compared number by number: ours, the course's
# own `clustering.kmeans`, and scikit-learn's `KMeans`.
# %%
from sklearn.cluster import KMeans

agree = 0
for seed in range(10):
    start = points[np.random.default_rng(seed).choice(len(points), 3, replace=False)]
    ours, ours_assignment, _ = kmeans(points, start)
    course = clustering.kmeans(points, 3, centres=start)
    library = KMeans(3, init=start, n_init=1, tol=0, algorithm="lloyd").fit(points)
    for other, other_assignment in [
        (course.centres, course.assignment),
        (library.cluster_centers_, library.labels_),
    ]:
        np.testing.assert_allclose(ours, other)
        np.testing.assert_array_equal(ours_assignment, other_assignment)
    np.testing.assert_allclose(course.inertia, library.inertia_)
    agree += 1
print(f"{agree} of 10 starts: same centres, same assignment, same inertia, three ways")
# %% [markdown]
# (They differ where a cluster runs empty: ours keeps its centre, scikit-learn moves it to a far
# point. Both are choices.)
#
# Now the question of section 1: two clusters, on all pixels of the picture.
# %%
result = clustering.kmeans(pixels, 2, centres=pixels[[0, -1]])
label_map = result.assignment.reshape(tissue.image.shape[:2])  # (H, W)
colours = result.centres.round().astype(np.uint8)
show_image(colours[label_map], title="each pixel in its centre's colour")
for k, (red, green, blue) in enumerate(colours.tolist()):
    share = np.mean(label_map == k)
    print(f"cluster {k}: {share:.1%} of the pixels, red {red}, green {green}, blue {blue}")
reveal("03-two-groups", "brown and not brown")
# %% [markdown]
# So k-means' answer to section 1 is the share of its brown cluster. Whether brown is gland, only a
# drawing can tell.
#
# **Spot the error.** You will read that "segmentation is classifying each pixel".
# %% tags=["nbval-ignore-output"]
predict(
    "03-error",
    "What is wrong with that sentence, seen from here?",
    options=[
        "nothing",
        "this segmentation has groups but no classes",
        "pixels cannot be classified",
    ],
)
# %% [markdown]
# ## 5 What the numbers of the clusters mean
#
# k-means returned a cluster 0 and a cluster 1. Run it again, with the two starting centres exchanged.
# %%
exchanged = clustering.kmeans(pixels, 2, centres=pixels[[-1, 0]])
print("same groups, other numbers:", np.array_equal(exchanged.assignment, 1 - result.assignment))
reveal("03-error", "this segmentation has groups but no classes")


# %% [markdown]
# **Clusters have no names.** That one of them is *gland* is known to you, not to the method. The
# sentence is true of *semantic* segmentation only (lesson 01); this one is unsupervised and has no
# classes.
#
# To score it all the same, let the truth name the clusters: a cluster counts as gland if **more than
# half of its pixels** are gland in the drawing. Such help is called an **oracle**. The score that
# follows tells how well the groups follow the object, not whether a computer would find it; and more
# clusters always make the oracle's work easier.
#
# The score is the **IoU**: pixels in both masks divided by pixels in either; lesson 05 takes it
# apart. Pixels that nobody could label (void) do not count.
# %%
def name_by_majority(label_map, target_mask, scored):
    count = label_map.max() + 1
    all_pixels = np.bincount(label_map[scored], minlength=count)  # (K,)
    inside = np.bincount(label_map[scored & target_mask], minlength=count)  # (K,)
    return (inside > all_pixels / 2)[label_map]  # (H, W) bool


def truth(picture, *names):
    numbers = [picture.class_names.index(name) for name in names]
    return np.isin(picture.label_map, numbers), picture.label_map != 255


gland, scored = truth(tissue, "gland")
prediction = name_by_majority(label_map, gland, scored)
show_error_map(np.where(scored, gland, 255), prediction.astype(int), class_names=["rest", "gland"])
print(f"IoU of gland {mask_iou(gland, prediction, scored):.2f}")
print(f"if everything were called gland: {np.mean(gland[scored]):.2f}")
# %% [markdown]
# A good score, with two doubts. Gland is not only browner than the rest, it is darker as well: would
# the grey level have been enough? And the tissue between the glands is mostly void, so a pixel that is
# called gland there costs nothing.
# %%
from skimage.filters import threshold_otsu

grey = np.round(255 * rgb2gray(tissue.image)).astype(np.uint8)  # (H, W)
dark = grey <= threshold_otsu(grey)
print(f"Otsu's threshold on the grey levels: IoU of gland {mask_iou(gland, dark, scored):.2f}")
print(f"void: {np.mean(~scored):.0%} of the pixels; were they all ground, and scored,")
print(f"k-means would have IoU {mask_iou(gland, prediction):.2f}, everything {np.mean(gland):.2f}")
# %% [markdown]
# k-means does well on this picture, because the stain makes colour and object the same thing. (The
# pale specks inside the glands are nuclei and gaps.) Otsu comes close with one number a pixel: here
# colour adds little. Counting the void as ground costs k-means little and the baseline much.
#
# A motorcycle in a garage is the opposite: black tyres, bright chrome, and the same black and bright
# all around it. Only its red tank stands out.
# %%
motorcycle = load_picture("motorcycle")
machine, machine_scored = truth(motorcycle, "motorcycle", "wheel")
motor_map, motor_colours = clustering.kmeans_of_colours(motorcycle.image, 8)
found = name_by_majority(motor_map, machine, machine_scored)
compare(
    motorcycle.image,
    motor_colours.round().astype(np.uint8)[motor_map],
    found,
    titles=["photograph", "eight clusters", "those mostly motorcycle"],
)
print(f"IoU of motorcycle {mask_iou(machine, found, machine_scored):.2f}")
print(f"if everything were called motorcycle: {np.mean(machine[machine_scored]):.2f}")
# %% [markdown]
# ## 6 Count colours, not pixels
#
# A round on 262,144 pixels asks for every distance anew, though many pixels share a colour. Give
# each different colour a **weight**, the number of its pixels, and let *update* take weighted means:
# the answer is the same, with fewer points. It gets much faster if nearly equal colours share a bin:
# 5 of the 8 bits of each channel leave some thousand bins, each with the mean colour of its pixels.
# %%
start = pixels[[0, 100_000, -1]]
by_pixel = clustering.kmeans(pixels, 3, centres=start)
print(f"pixels: {len(pixels):7,} points, inertia {by_pixel.inertia:,.0f}")
for bits in (8, 5):
    histogram, counts, index = clustering.colour_histogram(tissue.image, bits)
    by_colour = clustering.kmeans(histogram, 3, centres=start, weights=counts)
    labels = clustering.assign(pixels, by_colour.centres)
    cost = clustering.inertia(pixels, by_colour.centres, labels)
    print(
        f"{bits} bits: {len(counts):7,} points, inertia {cost:,.0f}, "
        f"{cost / by_pixel.inertia - 1:+.4%}"
    )


# %% [markdown]
# With all 8 bits it is the same clustering; with 5 bits the inertia, measured on the pixels, is
# higher by a hair. The time is another matter. (Milliseconds change from run to run and from machine
# to machine.)
# %% tags=["measured"]
def on_pixels(image):
    return clustering.kmeans(image.reshape(-1, 3), 5, starts=1, tolerance=1e-4)


def on_histogram(image):
    colours, counts, _ = clustering.colour_histogram(image)
    return clustering.kmeans(colours, 5, starts=1, weights=counts, tolerance=1e-4)


def by_sklearn(image):
    return KMeans(5, n_init=1, random_state=0).fit(image.reshape(-1, 3))


for name, function in {
    "k-means on pixels": on_pixels,
    "scikit-learn on pixels": by_sklearn,
    "k-means on the histogram": on_histogram,
}.items():
    print(f"{name:>25}: {milliseconds(function, tissue.image, repeats=1):7.1f} ms")
# %% [markdown]
# ## 7 It stops where it began
#
# k-means never goes uphill, so it stops in the first valley that it meets. Which valley that is
# depends on the starting centres. Here is a night picture with few bright pixels. From 50 starts of
# eight random pixels each, how many end badly?
# %%
rocket = load_picture("rocket")
show_image(rocket.image, title="a rocket at night")
histogram, counts, index = clustering.colour_histogram(rocket.image)
print(f"pixels brighter than 150 in red: {np.mean(rocket.image[..., 0] > 150):.1%}")
# %% tags=["nbval-ignore-output"]
predict(
    "03-bad-starts",
    "Of 50 random starts with K = 8, how many end more than 10 % above the lowest inertia?",
    number=("starts", 0, 50),
)


# %% [markdown]
# Run them: draw eight pixels, run k-means to its end, note the inertia.
# %%
def random_pixels(seed, num_clusters=8):
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(counts), num_clusters, replace=False, p=counts / counts.sum())
    return histogram[chosen]


def run(start):
    return clustering.kmeans(histogram, len(start), centres=start, weights=counts)


random_runs = [run(random_pixels(seed)) for seed in range(50)]
random_inertia = np.array([result.inertia for result in random_runs])
print(
    f"lowest {random_inertia.min():.4g}, highest {random_inertia.max():.4g}, "
    f"{random_inertia.max() / random_inertia.min() - 1:.0%} more"
)


# %% [markdown]
# **k-means++** (Arthur and Vassilvitskii 2007) spreads the starting centres. The first is a random
# pixel. Each next one is drawn with a probability **proportional to the squared distance** from the
# nearest centre so far: a pixel far from all centres is likely, a pixel on a centre impossible.
# %%
def next_centre_chances(points, centres, weights):
    distance = np.sum((points[:, None, :] - centres) ** 2, axis=2).min(axis=1)  # (N,) squared
    return weights * distance / np.sum(weights * distance)


def plus_plus(points, num_clusters, rng, weights):
    first = rng.choice(len(points), p=weights / weights.sum())
    centres = points[[first]]
    while len(centres) < num_clusters:
        chances = next_centre_chances(points, centres, weights)
        centres = np.vstack([centres, points[rng.choice(len(points), p=chances)]])
    return centres


line = np.array([[0.0], [1.0], [10.0]])
print("points 0, 1, 10, one centre at 0:", next_centre_chances(line, line[:1], np.ones(3)).round(4))
# %% [markdown]
# The point at 10 is a hundred times as likely as the point at 1. Now 50 starts of each kind:
# %%
careful_runs = [
    run(plus_plus(histogram, 8, np.random.default_rng(seed), counts)) for seed in range(50)
]
careful_inertia = np.array([result.inertia for result in careful_runs])
best = min(random_inertia.min(), careful_inertia.min())
figure, axes = plt.subplots(2, 1, figsize=(6, 3.6), sharex=True, sharey=True)
texts = []
for ax, (name, values) in zip(
    axes, {"random": random_inertia, "k-means++": careful_inertia}.items(), strict=True
):
    ax.hist(values / best, bins=np.linspace(1, 1.4, 41))
    ax.set(title=f"50 {name} starts", ylabel="starts")
    texts.append(
        f"{name}: {np.sum(values > 1.1 * best)} of 50 end more than 10 % too high, "
        f"median {np.median(values) / best - 1:.0%}"
    )
axes[1].set_xlabel("inertia, divided by the lowest of all")
set_alt_text(figure, "Two histograms of final inertia. " + ". ".join(texts) + ".")
print("\n".join(texts))
reveal("03-bad-starts", int(np.sum(random_inertia > 1.1 * best)), unit="starts", tolerance=5)
# %% [markdown]
# Most random starts end badly, and not by a little. k-means++ does better, but guarantees nothing:
# some of its starts are bad too. So libraries run several and keep the one with the lowest inertia.
#
# What a bad valley looks like: one centre has to serve everything bright, and seven share the dark.
# One of these would have to cross the gap to the lights, and on the way the inertia would rise.
# %%
both = {"worst random": random_runs[random_inertia.argmax()]}
both["best of all"] = min([*random_runs, *careful_runs], key=lambda result: result.inertia)
compare(
    *[
        result.centres.round().astype(np.uint8)[result.assignment[index]]
        for result in both.values()
    ],
    titles=list(both),
)
target, rocket_scored = truth(rocket, "rocket")
for name, result in both.items():
    bright = np.sum(result.centres[:, 0] > 100)
    iou = mask_iou(target, name_by_majority(result.assignment[index], target, rocket_scored))
    print(
        f"{name:>12}: inertia {result.inertia:.3g}, {bright} of 8 centres bright, "
        f"IoU of the rocket {iou:.2f}"
    )


# %% [markdown]
# ## 8 How many clusters?
#
# K is your choice. Inertia cannot make it: it falls with every further centre, and is 0 when each
# colour has its own. Two aids:
#
# - the **elbow**: draw inertia against K and look where it stops falling steeply;
# - the **silhouette** of a pixel: a is its mean distance to its own cluster (itself left out), b its
#   mean distance to the nearest other cluster, and (b - a) / max(a, b) is near 1 deep inside a
#   cluster, 0 on the border, negative on the wrong side. The mean over pixels is high if clusters are
#   tight and far apart.
# %%
def silhouette(points, assignment):
    apart = np.sqrt(np.sum((points[:, None, :] - points) ** 2, axis=2))  # (N, N)
    numbers = np.unique(assignment)
    to = np.stack([apart[:, assignment == k].mean(axis=1) for k in numbers], axis=1)  # (N, K)
    own = assignment[:, None] == numbers  # (N, K) bool
    size = np.sum(own * np.bincount(assignment)[numbers], axis=1)
    a = np.sum(to * own, axis=1) * size / np.maximum(size - 1, 1)  # itself left out
    b = np.where(own, np.inf, to).min(axis=1)
    return np.mean(np.where(size > 1, (b - a) / np.maximum(a, b), 0))


from sklearn.metrics import silhouette_score

sample = points[:300]
for k in (2, 3, 5):
    labels = clustering.kmeans(sample, k).assignment
    np.testing.assert_allclose(silhouette(sample, labels), silhouette_score(sample, labels))
print("three of three agree with scikit-learn on 300 pixels")
# %% [markdown]
# It needs the distance of every two pixels, so it is computed on a sample. **Predict.**
# %% tags=["nbval-ignore-output"]
predict(
    "03-silhouette",
    "In the night picture of section 7, which K has the best silhouette?",
    options=["2", "4", "6", "8"],
)
# %% [markdown]
# Both aids for both pictures, from K = 2 to 8:
# %%
figure, axes = plt.subplots(1, 2, figsize=(7, 2.8))
for name, picture in {"tissue": tissue, "rocket": rocket}.items():
    colours, weights, _ = clustering.colour_histogram(picture.image)
    some = np.random.default_rng(0).choice(weights.sum(), 800, replace=False)
    sample = picture.image.reshape(-1, 3)[some].astype(float)
    runs = [clustering.kmeans(colours, k, weights=weights, starts=6) for k in range(1, 9)]
    scores = [silhouette(sample, clustering.assign(sample, run.centres)) for run in runs[1:]]
    falls = np.array([run.inertia for run in runs]) / runs[0].inertia
    axes[0].plot(range(1, 9), falls, "o-", label=name)
    axes[1].plot(range(2, 9), scores, "o-", label=name)
    print(f"{name}: inertia left {falls.round(2).tolist()}")
    print(f"{'':>6}  silhouette from K = 2 {np.round(scores, 2).tolist()}")
axes[0].set(xlabel="K", ylabel="inertia, divided by that of K = 1", title="elbow")
axes[1].set(xlabel="K", ylabel="mean silhouette", title="silhouette", ylim=(0, 1))
axes[0].legend()
axes[1].legend()
set_alt_text(figure, "Inertia falls with K, steeply up to 2 or 3; the silhouette is highest at 2.")
reveal("03-silhouette", "2")
# %% [markdown]
# For the tissue both aids point to 2, and 2 is what the question needed. For the rocket they point
# to few clusters as well, but with these the rocket has no cluster of its own:
# %%
for k in (2, 3, 8):
    runs = clustering.kmeans(histogram, k, weights=counts, starts=6)
    named = name_by_majority(runs.assignment[index], target, rocket_scored)
    iou = mask_iou(target, named, rocket_scored)
    print(f"K = {k}: inertia {runs.inertia:.3g}, IoU of the rocket {iou:.2f}")
# %% [markdown]
# The aids describe the cloud of colours. They do not know your question. Nor does the inertia: with
# K = 8 the best run of section 7 has a lower one, and a lower IoU too.
#
# ## 9 One number a pixel: k-means and Otsu
#
# With grey levels the points lie on a line, and two clusters are two sides of a threshold halfway
# between the centres. The inertia of two groups is the within-class variance times the number of
# pixels, and that is what Otsu (lesson 02) makes smallest, by trying every threshold.
# %%
camera = load_picture("camera")
level = np.arange(256.0)[:, None]  # (256, 1): one point for each grey level
weights = np.bincount(camera.image.ravel(), minlength=256)
within = []
for threshold in range(255):
    side = (level[:, 0] > threshold).astype(int)
    means = clustering.update(level, side, np.zeros((2, 1)), weights)
    within.append(clustering.inertia(level, means, side, weights))
print(f"smallest inertia at threshold {np.argmin(within)}, Otsu {threshold_otsu(camera.image)}")
stops = set()
for low in range(0, 256, 15):
    for high in range(low + 15, 256, 15):
        ends = clustering.kmeans(level, 2, centres=np.array([[low], [high]]), weights=weights)
        stops.add(int(np.max(level[ends.assignment == 0])))
print(
    f"k-means from 136 starts stops at {sorted(stops)}; inertia {within[102]:,.0f} at 102, "
    f"{within[103]:,.0f} at 103"
)
# %% [markdown]
# Otsu's threshold is the exact answer to 2-means on grey levels. k-means looks for the same and can
# stop one level beside it, where neither half-step finds anything to improve.
# %%
man, camera_scored = truth(camera, "man")
grey_map = (camera.image > 102).astype(int)
compare(camera.image, grey_map == 0, titles=["photograph", "the dark cluster"])
for name, objects in {"man": ["man"], "camera": ["camera"]}.items():
    mask, _ = truth(camera, *objects)
    named = name_by_majority(grey_map, mask, camera_scored)
    dark = np.mean(grey_map[mask] == 0)
    print(f"{name:>6}: {np.sum(mask):6,} pixels, {dark:.0%} of them in the dark cluster;", end=" ")
    print(f"IoU {mask_iou(mask, named, camera_scored):.2f}")
# %% [markdown]
# The man's coat is dark and most of the picture is not: he is found. His camera is partly dark, partly
# bright, and much smaller than either cluster, so it never has the majority of one.
#
# ## 10 Which distance?
#
# Everything so far measured distance in RGB. Equal steps there do not look equal. **Lab** was made so
# that they roughly do: L is lightness from 0 to 100, a goes from green to red, b from blue to yellow.
# %%
astronaut = load_picture("astronaut")
lab = rgb2lab(astronaut.image)  # (H, W, 3)


def cluster(features, num_clusters):
    few = features[::4, ::4].reshape(-1, features.shape[2])  # a sixteenth of the pixels is enough
    centres = clustering.kmeans(few, num_clusters, starts=2, tolerance=1e-3).centres
    every = features.reshape(-1, features.shape[2])
    return clustering.assign(every, centres).reshape(features.shape[:2])


def scores_of(picture, label_map, names):
    masks = [truth(picture, name) for name in names]
    return [mask_iou(m, name_by_majority(label_map, m, s), s) for m, s in masks]


names = ["flag", "shuttle", "suit", "head", "helmet"]
print(f"{'':>12}", *(f"{name:>8}" for name in names))
for space, features in {"RGB": astronaut.image.astype(float), "Lab": lab}.items():
    print(f"{space:>12}", *(f"{v:8.2f}" for v in scores_of(astronaut, cluster(features, 8), names)))
# %% [markdown]
# With eight clusters in RGB only the orange suit gets clusters of its own. In Lab, hue weighs more
# against lightness, and the red of the flag gets one too. Neither finds the black helmet: there is as
# much black elsewhere.
#
# Colour alone has no sense of place. Add the row and the column of each pixel as two more features,
# times a **position weight**. With weight 1 here, the length of the picture counts as much as the way
# from black to white.
# %% tags=["nbval-ignore-output"]
predict(
    "03-position",
    "Position is added with weight 1. What happens to the IoU of the suit and of the rocket?",
    options=["both rise", "suit rises, rocket falls", "suit falls, rocket rises", "both fall"],
)


# %% [markdown]
# Five features for each pixel, and the same function:
# %%
def with_position(image, weight):
    place = np.moveaxis(np.indices(image.shape[:2]), 0, -1) * 100 / max(image.shape[:2])
    return np.dstack([rgb2lab(image), weight * place])  # (H, W, 5)


for weight in (0, 0.5, 1, 2):
    suit_map = cluster(with_position(astronaut.image, weight), 8)
    rocket_map = cluster(with_position(rocket.image, weight), 8)
    (suit_iou,) = scores_of(astronaut, suit_map, ["suit"])
    (rocket_iou,) = scores_of(rocket, rocket_map, ["rocket"])
    print(f"weight {weight:3}: IoU of suit {suit_iou:.2f}, of rocket {rocket_iou:.2f}")
reveal("03-position", "suit rises, rocket falls")
# %% [markdown]
# Position makes clusters compact. That helps a compact object of several colours. A long thin one
# loses its own cluster: with eight of them to cover the whole ground, it shares one with whatever
# bright stands around it. **Move it:** find the weight at which the suit is best, and the weight at
# which the rocket is lost. (Every fourth pixel, for speed.)
# %%
from course_utils.widgets import colour_position

colour_position.draw_segmented("suit", num_clusters=8, position_weight=2.0)
# %% tags=["nbval-ignore-output"]
colour_position.demo()
# %% [markdown]
# ## 11 Super-pixels: k-means that stays at home
#
# Turn the position weight up and take many clusters: each becomes a small patch of one colour, a
# **super-pixel** (lesson 01). **SLIC** (Achanta et al. 2012) makes this fast. Its centres start on a
# grid of step $S = \sqrt{N / K}$, and each looks only at pixels nearby; a few would prefer a farther
# centre, and the window forbids it. The distance, with $d_c$ between Lab colours, $d_s$ between
# positions, and the **compactness** m:
#
# $$D = \sqrt{d_c^2 + (d_s / S)^2\, m^2}$$
#
# In the paper the window of a centre is 2S x 2S. Cost no longer grows with K: each pixel lies in
# about four windows, however many super-pixels there are.


# %% [markdown]
# Assign and update as before; only assign has a window. Dividing D by m changes no comparison.
# %%
from skimage.util import regular_grid


def slic_by_hand(image, number, compactness=10, reach=1, blank_start=False, rounds=10):
    lab = rgb2lab(image) / compactness
    grid = regular_grid(image.shape[:2], number)
    step = max(part.step for part in grid)  # S
    features = np.dstack([lab, *np.indices(image.shape[:2])])  # (H, W, 5)
    centres = features[grid].reshape(-1, 5)
    if blank_start:
        centres[:, :3] = 0  # the same colour for all: the first round goes by position alone
    regions = np.zeros(image.shape[:2], dtype=int)
    for _ in range(rounds):
        nearest = np.full(image.shape[:2], np.inf)
        for k, centre in enumerate(centres):
            join_nearby(k, centre, step, reach * step, lab, nearest, regions)
        centres = clustering.update(features.reshape(-1, 5), regions.ravel(), centres)
    return regions


# %% [markdown]
# The half-step for one centre: within its window, take over every pixel that is nearer to it than to
# all centres before.
# %%
def join_nearby(k, centre, step, reach, lab, nearest, regions):
    row, column = centre[3:]
    top, left = int(max(row - reach, 0)), int(max(column - reach, 0))
    window = np.s_[top : int(row + reach + 1), left : int(column + reach + 1)]
    rows, columns = np.indices(nearest[window].shape)
    position = ((row - top - rows) ** 2 + (column - left - columns) ** 2) * (1 / step**2)
    colour = np.sum((lab[window] - centre[:3]) ** 2, axis=2)
    distance = position + colour
    closer = distance < nearest[window]
    nearest[window][closer] = distance[closer]
    regions[window][closer] = k


ours = slic_by_hand(astronaut.image, 100)
print(
    f"{len(np.unique(ours))} super-pixels, {np.median(np.bincount(ours.ravel())):.0f} pixels each"
)
# %% [markdown]
# How many pixels does the window forbid their nearest centre? At a quarter of the resolution every
# pixel can ask all centres. (Times S / m, the colours are on the scale of the positions.)
# %%
small = astronaut.image[::4, ::4]
regions = slic_by_hand(small, 60)
step = max(part.step for part in regular_grid(small.shape[:2], 60))
features = np.dstack([rgb2lab(small) * step / 10, *np.indices(small.shape[:2])]).reshape(-1, 5)
centres = clustering.update(features, regions.ravel(), np.zeros((regions.max() + 1, 5)))
nearest = clustering.assign(features, centres)
away = np.abs(features[:, 3:] - centres[nearest, 3:]).max(axis=1)  # (N,) rows or columns
print(f"nearest centre farther away than S = {step}: {np.mean(away > step):.1%} of the pixels")
print(f"farther away than 2S: {np.mean(away > 2 * step):.1%}")
# %% [markdown]
# **Same answer as the library?** scikit-image's `slic` differs from the paper in two places: its
# window reaches 2S to each side, not S, and its centres begin without colour, so that the first round
# goes by position alone. With these two changes, and before its last step (below):
# %%
from skimage.segmentation import slic

for number in (100, 300):
    library = slic(
        astronaut.image, number, compactness=10, enforce_connectivity=False, start_label=0
    )
    like_library = slic_by_hand(astronaut.image, number, reach=2, blank_start=True)
    as_printed = slic_by_hand(astronaut.image, number)
    for name, regions in [("its conventions", like_library), ("the paper's", as_printed)]:
        print(f"{number} wanted, {name:>15}: {np.mean(regions == library):.1%} of pixels equal")
# %% [markdown]
# To the pixel with its conventions. With the paper's, many pixels change super-pixel: inside an even
# surface, tiny differences decide where a border runs. Do the borders that matter agree? Two
# scores ask for them:
#
# - **boundary recall**: the share of the true outlines with a super-pixel's border within 2 pixels;
# - **achievable IoU**: each super-pixel is named by the majority of its pixels in the truth, the
#   oracle of section 5.
#
# scikit-image's last step, enforcing **connectivity**, joins crumbs to a neighbour. We leave it to
# the library.
# %%
from course_utils.widgets.superpixels import boundary_recall

connected = slic(astronaut.image, 300, compactness=10, start_label=0)
squares = np.indices(astronaut.image.shape[:2]) // 30  # a grid of squares, blind to the picture
squares = squares[0] * 18 + squares[1]
print(f"{'':>22} regions  boundary recall  achievable IoU of suit")
for name, regions in {
    "squares": squares,
    "the paper's": as_printed,
    "its conventions": like_library,
    "with connectivity": connected,
}.items():
    recall = boundary_recall(regions, astronaut.label_map, reach=2)
    (iou,) = scores_of(astronaut, regions, ["suit"])
    print(f"{name:>22} {len(np.unique(regions)):7}  {recall:15.2f}  {iou:22.2f}")
# %% [markdown]
# Both variants find most outlines, blind squares do not. (Yet even squares reach an achievable IoU
# above 0.9: so much does an oracle with hundreds of decisions give away.) Joining crumbs costs some
# outlines.
#
# **Move it:** how coarse may the grid be before the suit falls apart? What does compactness 100 (the
# right end) do to the outlines? (A quarter of the resolution and half the rounds, for speed.)
# %%
from course_utils.widgets import superpixels

_, words = superpixels.draw_superpixels(grid_step=13, compactness=10)
print(words)
# %% tags=["nbval-ignore-output"]
superpixels.demo()


# %% [markdown]
# Super-pixels are not the answer to a question about objects. They are better pixels: some hundred
# patches instead of a quarter of a million, ready for the next method. And they can fail as well: a
# border that the colour does not show is lost for good.
#
# ## 12 Mean-shift, which needs no K
#
# **Mean-shift** (Comaniciu and Meer 2002): every point walks uphill. It moves to the mean of all
# points within a radius, again and again, until it stands still on a local peak of the cloud. Points
# that end on the same peak form a cluster. The radius takes the place of K, and each step compares
# all points with all, so it is slow.
# %%
def walk_uphill(points, weights, radius, rounds=60):
    walkers = points.copy()
    for _ in range(rounds):
        near = np.sum((walkers[:, None, :] - points) ** 2, axis=2) <= radius**2  # (N, N) bool
        walkers = (near * weights) @ points / (near @ weights)[:, None]
    return walkers, near @ weights  # where each point ends, and how many pixels are around it


# %% [markdown]
# On a flat top some walkers stop a few levels apart. They are on the same peak, so peaks nearer to
# each other than the radius are merged, and the fullest stays.
# %%
def merge_peaks(walkers, crowd, radius):
    peaks, peak_of = [], np.full(len(walkers), -1)
    for i in np.lexsort((*walkers.T[::-1], crowd))[::-1]:  # fullest first, of equals the reddest
        if peak_of[i] < 0:
            near = np.sum((walkers - walkers[i]) ** 2, axis=1) <= radius**2
            peak_of[near & (peak_of < 0)] = len(peaks)
            peaks.append(walkers[i])
    return np.array(peaks), peak_of


from sklearn.cluster import MeanShift

few, counts, _ = clustering.colour_histogram(tissue.image, bits=3)
peaks, _ = merge_peaks(*walk_uphill(few, np.ones(len(few)), 60), 60)
library = MeanShift(bandwidth=60).fit(few).cluster_centers_
np.testing.assert_allclose(np.unique(peaks.round(3), axis=0), np.unique(library.round(3), axis=0))
print(f"{len(few)} colours, each counted once: the same {len(peaks)} peaks as scikit-learn")
# %% [markdown]
# Now with the number of pixels as weights, which scikit-learn does not offer, and finer colours:
# %%
colours, weights, index = clustering.colour_histogram(tissue.image, bits=4)
for radius in (25, 40, 60):
    peaks, peak_of = merge_peaks(*walk_uphill(colours, weights, radius), radius)
    share = np.bincount(peak_of, weights) / np.sum(weights)
    print(
        f"radius {radius}: {len(peaks)} peaks, {np.sum(share > 0.01)} with more than 1 % of the pixels"
    )
for peak, part in zip(peaks.round().astype(int).tolist(), share, strict=True):
    print(f"  at radius {radius} the peak {peak} has {part:.1%}")
found = name_by_majority(peak_of[index], gland, scored)
ax = show_image(peaks.astype(np.uint8)[peak_of][index], title=f"mean-shift, radius {radius}")
print(f"IoU of gland {mask_iou(gland, found, scored):.2f}")


# %% [markdown]
# A small radius finds many peaks. The largest finds nearly the two of k-means, brown and pale,
# and a grey crumb between them: nobody said K = 2, but somebody said 60.
#
# ## 13 Wins, failures, and what they cost
#
# One table for the methods of this lesson: eight clusters of grey levels, eight of colour, eight of
# colour and position, and 300 super-pixels (all named by the oracle, so the last is expected to be
# high). The first of them needs a function:
# %%
def of_grey(image):
    grey = np.round(255 * rgb2gray(image)).astype(np.uint8)
    counts = np.bincount(grey.ravel(), minlength=256)
    levels = np.arange(256.0)[:, None]  # (256, 1)
    return clustering.kmeans(levels, 8, weights=counts, starts=6).assignment[grey]


# %% [markdown]
# Five pictures, and for each the IoU of one object:
# %%
cases = [("immunohistochemistry", "gland"), ("astronaut", "suit"), ("rocket", "rocket")]
cases += [("cat", "cat"), ("motorcycle", "wheel")]
methods = {
    "grey level": of_grey,
    "colour": lambda image: clustering.kmeans_of_colours(image, 8)[0],
    "colour, position": lambda image: cluster(with_position(image, 1), 8),
    "300 super-pixels": lambda image: slic(image, 300, start_label=0),
}
print(f"{'':>8} {'everything':>12}", *(f"{name:>18}" for name in methods))
for picture_name, name in cases:
    picture = load_picture(picture_name)
    mask, counted = truth(picture, name)
    ious = [scores_of(picture, method(picture.image), [name])[0] for method in methods.values()]
    share = np.mean(mask[counted])
    print(f"{name:>8} {share:12.2f}", *(f"{iou:18.2f}" for iou in ious))
# %% [markdown]
# (The column *everything* is the IoU of calling every pixel by the object's name.) Colour does well
# where a stain or a suit has a colour of its own, yet grey levels come close in every row: lightness
# does most of the work. Both fail on the cat, whose fur has the colours of its blanket: hardly better
# than calling everything cat. Position helps there, and for the suit; the thin rocket shows the
# reverse. No cluster is a wheel, but super-pixels follow its outline: whoever names them has something
# to work with.
#
# The rocket by colour had other scores in sections 7, 8 and 10. In 7 and 8 the starting centres were
# others; in 10 the colours were in Lab, and a sixteenth of the pixels was clustered.
#
# What they cost:
# %% tags=["measured"]
for name, method in methods.items():
    print(f"{name:>18}: {milliseconds(method, astronaut.image, repeats=3):7.1f} ms")
# %% [markdown]
# ## Quiz
#
# Answer from memory first, then scroll back. Each option tells its reason.
# %% tags=["nbval-ignore-output"]
quiz("03_clustering")
# %% [markdown]
# ## Recap
#
# - k-means repeats two half-steps, assign and update; neither can raise the inertia, so it stops.
# - Where it stops depends on the start. Use k-means++ and several starts, and keep the lowest inertia.
# - K is yours to choose. Elbow and silhouette describe the colours, not your question.
# - The features are the method: RGB or Lab, with position or without. SLIC is k-means with position and a window.
# - Clusters have no names. Scoring them needs an oracle, and more clusters make the oracle stronger.
#
# **Next:** the exercise of this lesson, then lesson 04, edges and regions.
# %% [markdown]
# ## Further reading
#
# - Lloyd, *Least Squares Quantization in PCM*, 1982: the two half-steps, [doi 10.1109/TIT.1982.1056489](https://doi.org/10.1109/TIT.1982.1056489)
# - Arthur and Vassilvitskii, *k-means++: The Advantages of Careful Seeding*, 2007, [doi 10.5555/1283383.1283494](https://dl.acm.org/doi/10.5555/1283383.1283494)
# - Rousseeuw, *Silhouettes*, 1987, [doi 10.1016/0377-0427(87)90125-7](https://doi.org/10.1016/0377-0427(87)90125-7)
# - Achanta et al., *SLIC Superpixels Compared to State-of-the-Art Superpixel Methods*, 2012, [doi 10.1109/TPAMI.2012.120](https://doi.org/10.1109/TPAMI.2012.120)
# - Comaniciu and Meer, *Mean Shift: A Robust Approach Toward Feature Space Analysis*, 2002, [doi 10.1109/34.1000236](https://doi.org/10.1109/34.1000236)
# - Otsu, *A Threshold Selection Method from Gray-Level Histograms*, 1979, [doi 10.1109/TSMC.1979.4310076](https://doi.org/10.1109/TSMC.1979.4310076)
