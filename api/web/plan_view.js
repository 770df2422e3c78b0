// A plan as the page needs it: stops in one flat list, moments as numbers, indices to find everything.

/**
 * @typedef {object} StopView
 * @property {number} index place in `PlanView.stops`, also its feature id on the map
 * @property {number} route index in `PlanView.routes`
 * @property {number} trip 0-based
 * @property {number} seq
 * @property {string} kind
 * @property {string} title
 * @property {string} village
 * @property {number} lon
 * @property {number} lat
 * @property {string[]} orderIds
 * @property {Map<string, {householdId: string | null, walkM: number}>} brought by order id, what households bring here
 * @property {Map<string, {cutOffAt: number}>} late by order id, those that take a later departure than they asked for
 * @property {Map<string, {words: string, minutes: number, from: number, until: number}>} missed by order id, those picked up outside their windows
 * @property {{words: string, joint: string, count: number, members: number}[]} joints what of joint orders is picked up here
 * @property {number} pieces
 * @property {number} weightG
 * @property {string[]} handling
 * @property {string[]} notes
 * @property {number} beginAt
 * @property {number} departAt
 * @property {number} arriveAt
 * @property {number} setupMs to park and to find the door
 * @property {{duration_s: number, distance_m: number, polyline6: string, walk_m: number, swap?: SwapView | null}} leg
 *
 * @typedef {{title: string, arrive_at: string, depart_at: string}} SwapView a battery changed or charged on the way; plans of earlier versions have none
 *
 * @typedef {object} TripView
 * @property {number} leaveAt
 * @property {number} backAt
 * @property {number} cutOffAt
 * @property {number} dockWaitS from the return until a dock is free
 * @property {number | null} truckAt the departure that it makes
 * @property {number} pieces
 * @property {number} first index of its first stop
 * @property {number} end index behind its last stop
 * @property {{polyline6: string, swap?: SwapView | null}} home
 *
 * @typedef {object} RouteView
 * @property {number} index
 * @property {string} courierId
 * @property {string} name
 * @property {string} phone
 * @property {string} modelName
 * @property {string} profile
 * @property {TripView[]} trips
 * @property {{startsAt: number, endsAt: number}[]} breaks
 * @property {number} first index of its first stop
 * @property {number} end index behind its last stop
 * @property {number} distanceM
 * @property {number} costFen
 *
 * @typedef {object} RemedyView
 * @property {string} code
 * @property {string} detail
 * @property {number} costFen
 * @property {string | null} courierName null where nobody is meant yet
 * @property {number | null} at
 * @property {number | null} minutes
 * @property {number | null} distanceM
 * @property {string | null} modelName
 * @property {string[]} skills
 *
 * @typedef {{orderId: string, reason: string, detail: string, lon: number | null, lat: number | null, remedies: RemedyView[]}} UnservedView
 *
 * @typedef {object} PlanView
 * @property {string} planId
 * @property {number} version
 * @property {string} network
 * @property {string} attribution
 * @property {boolean} synthetic
 * @property {{name: string, lon: number, lat: number}} depot
 * @property {StopView[]} stops
 * @property {RouteView[]} routes
 * @property {Map<string, number>} routeOf courier id → route index
 * @property {UnservedView[]} unserved
 * @property {{courierId: string, name: string}[]} couriers all of the fleet, or those with a route while it is unknown
 * @property {Set<string>} held orders that a dispatcher has locked
 * @property {any} figures
 * @property {number} startsAt
 * @property {number} endsAt
 * @property {number[]} cutOffs distinct, sorted
 */

/** What households bring to a stop, by order id; plans of earlier versions speak of none. @param {any} stop */
export const viewBrought = (stop) =>
  new Map(
    (stop.brought ?? []).map((each) => [
      each.order_id,
      { householdId: each.household_id, walkM: each.walk_m },
    ]),
  );

/** What is picked up outside the windows that it asked for, by order id; plans of earlier versions speak of none. @param {any} stop */
export const viewMissed = (stop) =>
  new Map(
    (stop.missed ?? []).map((each) => [
      each.order_id,
      {
        words: each.early_s ? "stop.missed.early" : "stop.missed.late",
        minutes: Math.ceil((each.early_s || each.late_s) / 60),
        from: Date.parse(each.earliest_at),
        until: Date.parse(each.latest_at),
      },
    ]),
  );

/** What of joint orders is picked up at a stop, and the words for it; plans of earlier versions speak of none. @param {any} stop */
export const viewJoints = (stop) =>
  (stop.joints ?? []).map((each) => ({
    words: each.complete ? "stop.joint" : "stop.joint.incomplete",
    joint: each.joint_id,
    count: each.order_ids.length,
    members: each.members,
  }));

/**
 * @param {any} plan as the API has it
 * @param {any} fleet null while unknown: then couriers are shown by id
 * @returns {PlanView}
 */
export function viewPlan(plan, fleet) {
  /** @type {StopView[]} */
  const stops = [];
  /** @type {RouteView[]} */
  const routes = plan.routes.map((route, index) => {
    const courier = fleet?.couriers?.[route.courier_id];
    const first = stops.length;
    const trips = route.trips.map((trip, tripIndex) => {
      const tripFirst = stops.length;
      for (const stop of trip.stops) {
        stops.push({
          index: stops.length,
          route: index,
          trip: tripIndex,
          seq: stop.seq,
          kind: stop.kind,
          title: stop.title,
          village: stop.village,
          lon: stop.place.lon,
          lat: stop.place.lat,
          orderIds: stop.order_ids,
          brought: viewBrought(stop),
          late: new Map(
            (stop.late ?? []).map((each) => [
              each.order_id,
              { cutOffAt: Date.parse(each.cut_off_at) },
            ]),
          ),
          missed: viewMissed(stop),
          joints: viewJoints(stop),
          pieces: stop.pieces,
          weightG: stop.weight_g,
          handling: stop.handling,
          notes: stop.notes,
          arriveAt: Date.parse(stop.arrive_at),
          beginAt: Date.parse(stop.begin_at),
          departAt: Date.parse(stop.depart_at),
          setupMs: 1000 * (stop.setup_s ?? 0),
          leg: stop.leg,
        });
      }
      return {
        leaveAt: Date.parse(trip.leave_at),
        backAt: Date.parse(trip.back_at),
        cutOffAt: Date.parse(trip.cut_off_at),
        // A plan stored by an earlier version names neither.
        dockWaitS: trip.dock_wait_s ?? 0,
        truckAt: trip.truck_at ? Date.parse(trip.truck_at) : null,
        pieces: trip.pieces,
        first: tripFirst,
        end: stops.length,
        home: trip.home,
      };
    });
    return {
      index,
      courierId: route.courier_id,
      name: courier?.name || route.courier_id,
      phone: courier?.phone ?? "",
      modelName: fleet?.models?.[route.model_id]?.name || route.model_id,
      profile: route.profile,
      trips,
      breaks: route.breaks.map((each) => ({
        startsAt: Date.parse(each.starts_at),
        endsAt: Date.parse(each.ends_at),
      })),
      first,
      end: stops.length,
      distanceM: route.distance_m,
      costFen: route.cost_fen,
    };
  });
  const trips = routes.flatMap((route) => route.trips);
  return {
    planId: plan.plan_id,
    version: plan.version,
    network: plan.network,
    attribution: plan.attribution,
    synthetic: plan.synthetic,
    depot: { name: plan.depot_name, lon: plan.depot_place.lon, lat: plan.depot_place.lat },
    stops,
    routes,
    routeOf: new Map(routes.map((route) => [route.courierId, route.index])),
    unserved: plan.unserved.map((order) => ({
      orderId: order.order_id,
      reason: order.reason,
      detail: order.detail,
      lon: order.place?.lon ?? null,
      lat: order.place?.lat ?? null,
      // A plan stored by an earlier version has none.
      remedies: (order.remedies ?? []).map((remedy) => ({
        code: remedy.code,
        detail: remedy.detail,
        costFen: remedy.cost_fen,
        courierName:
          remedy.courier_id && (fleet?.couriers?.[remedy.courier_id]?.name || remedy.courier_id),
        at: remedy.at && Date.parse(remedy.at),
        minutes: remedy.minutes,
        distanceM: remedy.distance_m,
        modelName: remedy.model_id && (fleet?.models?.[remedy.model_id]?.name || remedy.model_id),
        skills: remedy.skills,
      })),
    })),
    couriers: fleet
      ? Object.values(fleet.couriers).map((each) => ({ courierId: each.courier_id, name: each.name || each.courier_id }))
      : routes.map(({ courierId, name }) => ({ courierId, name })),
    // A plan stored by an earlier version has no hand on it.
    held: new Set((plan.hand?.holds ?? []).map((each) => each.order_id)),
    figures: plan.figures,
    startsAt: trips.reduce((least, trip) => Math.min(least, trip.leaveAt), Infinity),
    endsAt: trips.reduce((most, trip) => Math.max(most, trip.backAt, trip.cutOffAt), -Infinity),
    cutOffs: [...new Set(trips.map((trip) => trip.cutOffAt))].sort((a, b) => a - b),
  };
}

/**
 * @typedef {object} RouteNow
 * @property {string} state
 * @property {number} stopsDone
 * @property {number} stopsFailed
 * @property {number} stopsTotal
 * @property {number} piecesCollected
 * @property {number} piecesTotal
 * @property {number | null} nextSeq
 * @property {number} lateS
 * @property {number} backAt
 * @property {number} slackS
 * @property {number} cutOffAt
 * @property {boolean} late worth a dispatcher's look
 *
 * @typedef {object} ProgressView
 * @property {RouteNow[]} routes by route index
 * @property {string[]} states by stop index
 * @property {Float64Array} etaAt by stop index
 * @property {Int32Array} lateS by stop index
 */

/** From here a delay is worth a look; the server counts late routes by the same five minutes. */
export const LATE_AFTER_S = 300;

/**
 * The board's progress laid beside the plan; null where the two speak of different plans.
 *
 * @param {PlanView | null} plan
 * @param {any} board
 * @returns {ProgressView | null}
 */
export function viewProgress(plan, board) {
  if (plan === null || board === null || board.plan_id !== plan.planId) return null;
  const states = new Array(plan.stops.length).fill("planned");
  const etaAt = Float64Array.from(plan.stops, (stop) => stop.beginAt);
  const lateS = new Int32Array(plan.stops.length);
  /** @type {RouteNow[]} */
  const routes = new Array(plan.routes.length);
  for (const route of board.routes) {
    const at = plan.routeOf.get(route.courier_id);
    if (at === undefined) continue;
    const first = plan.routes[at].first;
    for (const stop of route.stops) {
      const index = first + stop.seq - 1;
      states[index] = stop.state;
      etaAt[index] = Date.parse(stop.eta_at);
      lateS[index] = stop.late_s;
    }
    routes[at] = {
      state: route.state,
      stopsDone: route.stops_done,
      stopsFailed: route.stops_failed,
      stopsTotal: route.stops_total,
      piecesCollected: route.pieces_collected,
      piecesTotal: route.pieces_total,
      nextSeq: route.next_seq,
      lateS: route.late_s,
      backAt: Date.parse(route.back_at),
      slackS: route.slack_s,
      cutOffAt: Date.parse(route.cut_off_at),
      late: route.state !== "back" && (route.late_s > LATE_AFTER_S || route.slack_s < 0),
    };
  }
  return { routes, states, etaAt, lateS };
}

/** Whether a stop still has to be made. @param {string} state */
export const isAhead = (state) => state === "planned" || state === "arrived";
