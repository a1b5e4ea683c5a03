"""The parts of ``custom_model.py``: what runs on a host that has no Modelyard.

Each is a module to lint and test; ``wrapper/generate.py`` joins them into one file, so they import
nothing else of Modelyard, and no two have the same name for a thing.
"""
