"""The doctor's knowledge: what there is to find, how a finding is told, and which one comes first; without torch."""

from collections.abc import Mapping
from types import MappingProxyType

from surefoot.diagnose.card import card
from surefoot.diagnose.check import Check
from surefoot.diagnose.checks import autopsy, data, falls, loop, model, modes, optimizer, penalty, precision, start
from surefoot.diagnose.diagnosis import Diagnosis, diagnosis
from surefoot.diagnose.finding import Finding, Seen, Where

_SUBJECTS = (loop, optimizer, penalty, modes, data, model, precision, autopsy, falls, start)

CHECKS: Mapping[str, Check] = MappingProxyType({check.code: check for subject in _SUBJECTS for check in subject.CHECKS})
"""Every check by its code, subject by subject."""

__all__ = ["CHECKS", "Check", "Diagnosis", "Finding", "Seen", "Where", "card", "diagnosis"]
