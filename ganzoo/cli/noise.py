"""Keeps the frameworks' chatter from stderr; their errors still get through."""

import os


def quieten() -> None:
    """Asks TensorFlow, XLA and gRPC for errors only; a variable that the user has set stays.

    It must run before one of them is imported. What TensorFlow says before it reads its
    variables (about oneDNN) still comes.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # 2: errors, no information or warnings
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
