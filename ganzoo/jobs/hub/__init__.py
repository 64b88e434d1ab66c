"""The Hugging Face Hub as a registry of models."""
