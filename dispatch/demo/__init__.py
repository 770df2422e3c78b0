"""A seeded demo day: the same kinds of files that a user brings, of a county that is half real."""

from dispatch.demo.day import DemoDay
from dispatch.demo.errors import DemoFolderTaken, DemoRefused
from dispatch.demo.road import Crew
from dispatch.demo.writing import write_demo_day

__all__ = ["Crew", "DemoDay", "DemoFolderTaken", "DemoRefused", "write_demo_day"]
