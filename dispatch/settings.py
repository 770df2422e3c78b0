"""What a company configures, by environment variables that begin with CUNLU_."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from dispatch.clock import Clock, ScaledClock, SystemClock
from dispatch.gazetteer import Locator
from dispatch.geocoding import FileAnswerCache, Geocoding
from routing.places import Place


class Settings(BaseSettings):
    """Built by whoever starts a process and handed down; nothing reads the environment later."""

    model_config = SettingsConfigDict(env_prefix="CUNLU_", frozen=True, extra="forbid")

    redis_url: str | None = None
    """A server of the Redis protocol; None: the embedded one, its data in `data_dir`."""
    data_dir: Path = Path(".cunlu")
    roads: Path | None = None
    """The network file that `cunlu roads build` wrote; None: no planning here."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    waitaof_replicas: Annotated[int, Field(ge=0, le=16)] = 0
    """Replicas that must have a change on disk before it is acknowledged; 0: the primary's disk."""
    lease_s: Annotated[float, Field(ge=1, le=600)] = 3.0
    """A job of a worker that has been silent for so long is given to another."""
    clock_start: AwareDatetime | None = None
    """What a demo day's clock showed at `clock_started`; None: the real time."""
    clock_started: AwareDatetime | None = None
    clock_speed: Annotated[float, Field(gt=0, le=3600)] = 1.0
    sse_keepalive_s: Annotated[float, Field(gt=0, le=300)] = 15.0
    """Below the 60 s after which common proxies close a silent connection."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    geocoder: str | None = None
    """Name of a geopy geocoder; None: no request about an address leaves the machine."""
    geocoder_options: dict[str, str] = Field(default_factory=dict)
    geocoder_region: str = ""
    """What stands in front of a village when it is asked for, such as 江苏省徐州市睢宁县沙集镇."""
    webhook_private: bool = False
    """Whether webhooks may go to private addresses and in the clear: only where every company is trusted."""
    tile_url: str | None = None
    """A base map in place of our own tiles; None: no page asks another host."""

    def clock(self) -> Clock:
        """The clock that these settings describe; a scaled one without a start begins now."""
        if self.clock_start is None:
            return SystemClock()
        started_real = self.clock_started or datetime.now(UTC)
        return ScaledClock(self.clock_start, started_real, self.clock_speed)

    def locator(self, around: Place) -> Locator | None:
        """Who is asked for addresses near `around` that the registry does not know; None: nobody."""
        if self.geocoder is None:
            return None
        return Geocoding(
            self.geocoder,
            around=around,
            cache=FileAnswerCache(self.data_dir / "geocodes.sqlite"),
            region=self.geocoder_region,
            options=self.geocoder_options,
        )
