"""Versions for hosts that have no Modelyard: a program that predicts, and other tools' formats."""
