"""What all tests share: no example of a property test fails because the machine was slow."""

from hypothesis import settings

settings.register_profile("breakwater", deadline=None)
settings.load_profile("breakwater")
