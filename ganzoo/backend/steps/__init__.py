"""Steps of training as programs: which of them runs, and what is known of a step beforehand."""
