"""Activities of UCI HAR and their merger into the two classes of HAR-2."""

import numpy as np

ACTIVITIES = ("walking", "walking_upstairs", "walking_downstairs", "sitting", "standing", "laying")  # 1..6
HAR2_LABELS = ("sitting_laying_upstairs", "standing_walking_downstairs")
HAR2_SECOND_CLASS = (1, 3, 5)  # walking, walking_downstairs, standing


def har2_labels(activities: np.ndarray) -> np.ndarray:
    """Return 0 for sitting, laying and walking upstairs, 1 for the others (Kusupati et al. 2018)."""
    return np.isin(activities, HAR2_SECOND_CLASS).astype(np.int64)
