"""Who may ask for what: one table, looked up before a body is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from api.errors import ApiError, not_found
from dispatch import operations
from dispatch.access import Identity, Role
from dispatch.days import DepotId

_D, _C, _P, _B = Role.DISPATCHER, Role.COURIER, Role.POINT, Role.DASHBOARD

# Operation to the roles that may call it. An operation that is missing here fails every request,
# so nothing is ever open by oversight.
MAY: Final[Mapping[str, frozenset[Role]]] = {
    "read_me": frozenset({_D, _C, _P, _B}),
    "create_orders": frozenset({_D}),
    "list_orders": frozenset({_D, _B}),
    "read_order": frozenset({_D, _B}),
    "cancel_order": frozenset({_D}),
    "restate_amount": frozenset({_D}),
    "list_addresses": frozenset({_D}),
    "place_order": frozenset({_D}),
    "place_household": frozenset({_D}),
    "change_households": frozenset({_D}),
    "list_households": frozenset({_D, _B}),
    "change_points": frozenset({_D}),
    "list_points": frozenset({_D, _B}),
    "replace_fleet": frozenset({_D}),
    "read_fleet": frozenset({_D, _B}),
    "add_closure": frozenset({_D}),
    "list_closures": frozenset({_D, _C, _B}),
    "remove_closure": frozenset({_D}),
    "list_departures": frozenset({_D, _C, _B}),
    "change_departure": frozenset({_D}),
    "request_plan": frozenset({_D}),
    "list_plans": frozenset({_D, _B}),
    "read_current_plan": frozenset({_D, _B}),
    "read_plan": frozenset({_D, _B}),
    "publish_plan": frozenset({_D}),
    "export_plan": frozenset({_D, _B}),
    "ask_what_if": frozenset({_D}),
    "make_moves": frozenset({_D}),
    "reoptimise_plan": frozenset({_D}),
    "check_route": frozenset({_D}),
    "decide_wave": frozenset({_D}),
    "read_question": frozenset({_D}),
    "read_job": frozenset({_D, _B}),
    "cancel_job": frozenset({_D}),
    "follow_job": frozenset({_D, _B}),
    "read_route": frozenset({_D, _C, _B}),
    "read_shift": frozenset({_D, _C, _B}),
    "record_events": frozenset({_D, _C}),
    "keep_positions": frozenset({_D, _C}),
    "read_positions": frozenset({_D, _C, _B}),
    "nearest_couriers": frozenset({_D, _B}),
    "hand_over": frozenset({_D, _C}),
    "take_option": frozenset({_D}),
    "take_back": frozenset({_D, _C}),
    "add_webhook": frozenset({_D}),
    "list_webhooks": frozenset({_D}),
    "remove_webhook": frozenset({_D}),
    "list_dead_letters": frozenset({_D}),
    "resend_letter": frozenset({_D}),
    "replay_webhook": frozenset({_D}),
    "diff_plans": frozenset({_D, _B}),
    "read_arrivals": frozenset({_D, _P, _B}),
    "record_scans": frozenset({_D, _P}),
    "say_full": frozenset({_D, _P}),
    "say_closed": frozenset({_D, _P}),
    "say_open": frozenset({_D, _P}),
    "read_etas": frozenset({_D, _C, _B}),
    "read_eta": frozenset({_D, _C, _B}),
    "read_status": frozenset({_D, _B}),
    "follow_events": frozenset({_D, _B}),
    "read_isochrones": frozenset({_D, _C, _B}),
}

MAY_ASK_ROADS: Final = frozenset({_D, _C, _B})
"""Who may use the OSRM-compatible interface, which has operations of its own and no company's data."""

MAY_SEND_VROOM: Final = frozenset({_D})
"""Who may send a body in VROOM's JSON: it keeps a worker busy."""

bearer: Final = HTTPBearer(auto_error=False, description="An API key: `cl_…`.")


async def authorize(request: Request) -> Identity:
    """
    The identity behind the request's key, if it may call the operation.

    Raises
    ------
    ApiError
        401 without a known key, 403 for another role.
    """
    return await admit(request, secret_of(request), MAY[request.scope["route"].operation_id])


def secret_of(request: Request) -> str:
    """The key that the request's header tells; empty where there is none."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


async def admit(request: Request, secret: str, roles: frozenset[Role]) -> Identity:
    """
    The identity behind a key, if its role is one of `roles`.

    Raises
    ------
    ApiError
        As `authorize` does.
    """
    if not secret:
        raise ApiError(
            401,
            "key-missing",
            "send your API key as `Authorization: Bearer cl_…`; a client of OSRM or VROOM that cannot set"
            " a header puts it in its address: `/osrm/key/cl_…/`, `/vroom/key/cl_…/`",
            WWW_Authenticate="Bearer",
        )
    identity = await operations.identify(request.app.state.deps.store, secret)
    if identity is None:
        raise ApiError(
            401,
            "key-unknown",
            "this API key is unknown or was revoked: ask your operator for a new one",
            WWW_Authenticate="Bearer",
        )
    if identity.role not in roles:
        raise ApiError(
            403,
            "role-not-allowed",
            f"a {identity.role} key may not do this: it needs one of {', '.join(sorted(roles))}",
        )
    return identity


def _caller(request: Request) -> Identity:
    identity: Identity = request.state.caller
    return identity


Caller = Annotated[Identity, Depends(_caller)]


def own_depot(caller: Identity, depot_id: DepotId, what: str, given: str) -> None:
    """
    Let `caller` see something of `depot_id`.

    Raises
    ------
    ApiError
        404: the key is bound to another depot.
    """
    if caller.depot_id is not None and caller.depot_id != depot_id:
        raise not_found(what, given)


def own_subject(caller: Identity, role: Role, subject: str, what: str) -> None:
    """
    Let a key of `role` see its own courier or point only; other roles see all.

    Raises
    ------
    ApiError
        404: it is somebody else's.
    """
    if caller.role is role and caller.subject != subject:
        raise not_found(what, subject)
