"""A package of its own, so that no other one called `tests`, shipped by a dependency, is taken for it."""
