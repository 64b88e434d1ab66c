"""Silence of the frameworks' log output, apart from errors."""

import os


def silence_frameworks() -> None:
    """Let TensorFlow, XLA and gRPC log errors only; variables that the user has set stay.

    Call it before one of them is imported. What TensorFlow logs before it reads its variables
    (about oneDNN) still appears.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # 2: errors, no information or warnings
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
