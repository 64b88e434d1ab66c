"""Convolutions of the frameworks in formulations whose derivatives of every order are fast."""
