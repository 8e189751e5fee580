"""What all tests share: nothing is judged by the clock, since machines are busy."""

from hypothesis import HealthCheck, settings

settings.register_profile("surefoot", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("surefoot")
