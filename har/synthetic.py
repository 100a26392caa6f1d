"""Synthetic windows in the shape of UCI HAR, for machines without the data: plausible, and never to be quoted.

Each person wears the phone at a slightly different angle and walks at an own pace. Gravity turns with the
posture, gait is a fundamental with harmonics, the body signals are the total without gravity. Sitting and
standing, and the three gaits, overlap on purpose.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from har.data import CHANNELS, STEPS, HarData, Split
from har.sensor import RATE_HZ

TRAIN_PEOPLE, TEST_PEOPLE = 21, 9
WINDOWS_EACH = 12  # per person and activity


@dataclass(frozen=True)
class Motion:
    """Typical motion of an activity: tilt of gravity from the body's axis, and gait."""

    tilt_degrees: float
    gait_hz: float  # 0: no gait
    gait_g: float
    turn_rad_s: float


MOTIONS = (  # in the order of har.labels.ACTIVITIES
    Motion(3, 1.9, 0.22, 0.5),
    Motion(9, 1.7, 0.17, 0.6),
    Motion(-2, 2.0, 0.32, 0.7),
    Motion(16, 0, 0.008, 0.02),
    Motion(4, 0, 0.010, 0.03),
    Motion(85, 0, 0.006, 0.02),
)


def synthetic_data(seed: int = 0, windows_each: int = WINDOWS_EACH) -> HarData:
    """Return a deterministic data set; windows_each per person and activity."""
    rng = np.random.default_rng(seed)
    train = make_split(rng, range(1, TRAIN_PEOPLE + 1), windows_each)
    test = make_split(rng, range(TRAIN_PEOPLE + 1, TRAIN_PEOPLE + TEST_PEOPLE + 1), windows_each)
    digest = hashlib.sha256(train.windows.tobytes() + test.windows.tobytes()).hexdigest()
    return HarData("synthetic HAR", True, digest, train, test)


def make_split(rng: np.random.Generator, people: range, windows_each: int) -> Split:
    windows, activities, owners = [], [], []
    for person in people:
        habit = {"tilt": rng.normal(0, 5), "pace": rng.normal(1, 0.06), "force": rng.lognormal(0, 0.2)}
        mounting = random_rotation(rng, 6)
        for activity, motion in enumerate(MOTIONS, start=1):
            for _ in range(windows_each):
                windows.append(make_window(rng, motion, habit, mounting))
                activities.append(activity)
                owners.append(person)
    return Split(np.stack(windows).astype(np.float32), np.array(activities), np.array(owners))


def make_window(
    rng: np.random.Generator, motion: Motion, habit: dict[str, float], mounting: np.ndarray
) -> np.ndarray:
    """Return one window [128, 9] in g and rad/s."""
    time = np.arange(STEPS) / RATE_HZ
    tilt = np.radians(motion.tilt_degrees + habit["tilt"] + rng.normal(0, 3))
    gravity = np.array([np.cos(tilt), np.sin(tilt) * 0.8, np.sin(tilt) * 0.6])
    phase = 2 * np.pi * (motion.gait_hz * habit["pace"] * time + rng.random())
    body, turn = np.empty((STEPS, 3)), np.empty((STEPS, 3))
    for axis, share in enumerate((1.0, 0.5, 0.6)):
        shape = harmonics(rng, phase) if motion.gait_hz else drift(rng)
        body[:, axis] = motion.gait_g * habit["force"] * share * shape + rng.normal(0, 0.01, STEPS)
        shape = harmonics(rng, phase) if motion.gait_hz else drift(rng)
        turn[:, axis] = motion.turn_rad_s * share * shape + rng.normal(0, 0.02, STEPS)
    window = np.empty((STEPS, CHANNELS))
    window[:, 0:3] = body @ mounting.T
    window[:, 3:6] = turn @ mounting.T
    window[:, 6:9] = (body + gravity) @ mounting.T
    return window


def harmonics(rng: np.random.Generator, phase: np.ndarray) -> np.ndarray:
    """Return a gait signal of unit size: a fundamental and three harmonics with random phases."""
    strengths = np.array([1.0, 0.6, 0.25, 0.1])
    orders = np.arange(1, len(strengths) + 1)
    shifts = rng.normal(0, 0.6, len(strengths))
    return np.sin(np.outer(phase, orders) + shifts) @ strengths


def drift(rng: np.random.Generator) -> np.ndarray:
    """Return the slow sway of a still person."""
    return np.cumsum(rng.normal(0, 0.15, STEPS))


def random_rotation(rng: np.random.Generator, degrees: float) -> np.ndarray:
    """Return a rotation matrix [3, 3] about a random axis by a normal angle (Rodrigues)."""
    axis = rng.normal(size=3)
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(rng.normal(0, degrees))
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
