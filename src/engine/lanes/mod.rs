//! All lanes: who starts what next, within shares that are fair and bounds that hold.
//!
//! Owns: [`Lanes::step`], one step of the scheduler that says what to start, what to load and until
//! when to sleep. Refuses: doing any of it; the scheduler's loop does.
//!
//! # Fairness
//! *In time*: workspaces that can do something stand in a ring and take turns; within one, its
//! lanes do, and who has little waiting goes before who has much (`turns`). *In slots*: nobody gets
//! more than a multiple of what is left, by workspace first, then by webhook, and lanes that do not
//! answer have a part of their own (`shares`). A lane earns slots by answering and shrinks to a
//! probe while it hangs (`record`). Retries use half of all slots at most, so that a mass of them
//! never delays new events.
//!
//! # A slot carries so much
//! What is under way holds its body in memory, so large events take several slots: the bound on
//! slots is one on bytes too, and is shared as fairly.
//!
//! # Who gets no slot
//! It steps aside, so that its place in line costs nobody time, and comes back when slots have been
//! freed, a few milliseconds later at the latest. While memory is short it does not hold what it
//! cannot start: the database has it.
//!
//! # Bounds
//! Deliveries in memory are bounded in number and bytes (`memory`). What does not fit stays in the
//! database, due, and is loaded when there is room.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::backoff::Backoff;
use super::priority::Priority;
use super::target::Target;
use crate::domain::delivery::QueuedDelivery;
use crate::domain::time::Timestamp;
use crate::store::events::HeldEvents;

mod ending;
mod gathering;
mod holding;
mod intake;
pub(super) mod lane;
pub(super) mod memory;
mod next_up;
mod rates;
mod record;
mod shares;
mod timing;
mod together;
mod turns;

use lane::{Lane, LanePlace};
use memory::QueuedMemory;
use next_up::NextUp;
use rates::SharedRates;
use shares::HeldSlots;
use turns::Turns;

pub(super) use ending::Settled;
pub(super) use intake::{LoadOrder, Loaded};
pub(super) use lane::Cut;
pub(super) use record::Ended;

/// Loads from the database under way at once.
const LOADS_MAX: usize = 4;
/// Attempts that one step starts at most, so that the lock is never held long.
const STARTS_PER_STEP: usize = 64;
/// Idle lanes that are remembered, with their settings and records.
const IDLE_LANES_MAX: usize = 16_384;
/// Bytes of an event's data that one slot carries: 128 KiB.
const SLOT_BYTES: usize = 128 * 1024;
/// How long lanes without a slot step aside at most once one is free.
const ASIDE: Duration = Duration::from_millis(10);

/// Who waits at least so long should not hold much meanwhile.
const LONG_WAIT: Duration = Duration::from_secs(1);

/// What a step wants done.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// Attempts to start.
    pub(super) start: Vec<Started>,
    /// Webhooks whose lane wants to be loaded.
    pub(super) load: Vec<LoadOrder>,
    /// When to step again at the latest, if nothing happens before.
    pub(super) wake_at: Option<Timestamp>,
    /// Whether another step may find more to do at once.
    pub(super) again: bool,
}

/// An attempt to start.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) delivery: QueuedDelivery,
    pub(super) target: Arc<Target>,
    pub(super) ticket: Ticket,
}

/// What an attempt that was started has to give back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    pub(super) webhook_seq: i64,
    pub(super) seq: i64,
    pub(super) priority: Priority,
    /// When its lane gets its slot back.
    pub(super) slot: Slot,
    slots: usize,
}

/// When a lane gets the slot of an attempt back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// When the exchange is over, while its result is still being written.
    FreedByExchange,
    /// When its result is written: nothing in an ordered lane may start before.
    FreedByResult,
}

/// All lanes.
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: HashMap<i64, Lane>,
    workspaces: HashMap<i64, WorkspaceLanes>,
    /// Workspaces that have lanes in line.
    ring: VecDeque<i64>,
    /// Lanes that want to be loaded.
    to_load: Turns,
    /// Lanes that could start something, had they a slot.
    aside: Vec<i64>,
    /// When these come back, if slots have been freed since.
    aside_until: Option<Timestamp>,
    timers: BTreeSet<(Timestamp, i64, Timer)>,
    /// When the next step comes by itself, as the last one said.
    next_step_at: Option<Timestamp>,
    slots: usize,
    held: HeldSlots,
    retries_held: usize,
    in_flight: usize,
    memory: QueuedMemory,
    rates: SharedRates,
    loads: usize,
    backoff: Option<Backoff>,
    pub(super) paused: bool,
    pub(super) stopping: bool,
}

/// What the lanes of a workspace share.
#[derive(Debug, Default)]
struct WorkspaceLanes {
    turns: Turns,
    is_in_ring: bool,
    held: HeldSlots,
    /// What its one-off receivers hold together.
    held_by_one_offs: HeldSlots,
}

/// What a timer is for. Two of one lane at the same instant are two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// The lane may have something to do.
    Wake,
    /// What it has under way is to be looked at.
    Look,
}

/// Whether a lane's turn led to something.
enum Turn {
    Started,
    Nothing,
}

impl Lanes {
    pub(super) fn new(slots: usize) -> Self {
        Self {
            lanes: HashMap::new(),
            workspaces: HashMap::new(),
            ring: VecDeque::new(),
            to_load: Turns::default(),
            aside: Vec::new(),
            aside_until: None,
            timers: BTreeSet::new(),
            next_step_at: None,
            slots: slots.max(2),
            held: HeldSlots::default(),
            retries_held: 0,
            in_flight: 0,
            memory: QueuedMemory::default(),
            rates: SharedRates::default(),
            loads: 0,
            backoff: None,
            paused: false,
            stopping: false,
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// The events of what is queued.
    pub(super) fn held_events(&self) -> &Arc<HeldEvents> {
        self.memory.events()
    }

    pub(super) fn queued(&self) -> usize {
        self.memory.deliveries()
    }

    /// Whether a step finds something to do now, or has something planned for sooner than it would
    /// come by itself.
    pub(super) fn wants_step(&self) -> bool {
        let planned = self.planned();
        let is_sooner = planned.is_some_and(|at| self.next_step_at.is_none_or(|next| at < next));
        is_sooner || self.stopping || !self.ring.is_empty() || !self.to_load.is_empty()
    }

    /// One step: what can start, what must be loaded, until when to sleep.
    pub(super) fn step(&mut self, now: Timestamp) -> Step {
        let step = self.step_now(now);
        self.next_step_at = step.wake_at;
        step
    }

    /// For when something is planned.
    fn planned(&self) -> Option<Timestamp> {
        let timer = self.timers.first().map(|(at, ..)| *at);
        timer.into_iter().chain(self.aside_until).min()
    }

    fn step_now(&mut self, now: Timestamp) -> Step {
        let mut step = Step::default();
        if self.paused || self.stopping {
            return step;
        }
        let starts_max = match self.backoff {
            None => STARTS_PER_STEP,
            // One delivery finds out whether results can be recorded again.
            Some(backoff) if now >= backoff.until && self.in_flight == 0 => 1,
            Some(backoff) => {
                step.wake_at = Some(backoff.until).filter(|until| *until > now);
                return step;
            }
        };
        self.fire_timers(now);
        self.come_back(now);
        while step.start.len() < starts_max
            && self.held.total() < self.slots
            && let Some(workspace_seq) = self.ring.pop_front()
        {
            match self.turn_of(workspace_seq, now, &mut step) {
                Turn::Started => self.ring.push_back(workspace_seq),
                Turn::Nothing => self.leave_ring(workspace_seq),
            }
        }
        self.order_loads(&mut step);
        step.again = step.start.len() == STARTS_PER_STEP;
        step.wake_at = self.planned();
        step
    }

    /// A workspace's turn: the first of its lanes that can start something does.
    fn turn_of(&mut self, workspace_seq: i64, now: Timestamp, step: &mut Step) -> Turn {
        while let Some(webhook_seq) = self
            .workspaces
            .get_mut(&workspace_seq)
            .and_then(|workspace| workspace.turns.next())
        {
            if let Turn::Started = self.turn(webhook_seq, now, step) {
                return Turn::Started;
            }
        }
        Turn::Nothing
    }

    fn turn(&mut self, webhook_seq: i64, now: Timestamp, step: &mut Step) -> Turn {
        let slots = self.slots_for(webhook_seq);
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return Turn::Nothing;
        };
        lane.place = LanePlace::Nowhere;
        let shared = lane.target.as_ref().and_then(|target| target.shared_rate);
        let shared = shared.map(|rate| self.rates.bucket(rate, now));
        match lane.next_up(now, slots, shared) {
            NextUp::Start(delivery, priority) => {
                let Some(target) = lane.target.clone() else {
                    return Turn::Nothing;
                };
                step.start
                    .push(self.start(*delivery, target, priority, now));
                self.enter(webhook_seq);
                return Turn::Started;
            }
            NextUp::Load => self.enter_load(webhook_seq),
            NextUp::NoSlot => self.step_aside(webhook_seq, slots),
            NextUp::Wait(at) => {
                self.timers.insert((at, webhook_seq, Timer::Wake));
                if at.since(now) >= LONG_WAIT {
                    self.hold_little(webhook_seq);
                }
            }
            NextUp::Idle => self.forget_idle(webhook_seq),
        }
        Turn::Nothing
    }

    fn start(
        &mut self,
        delivery: QueuedDelivery,
        target: Arc<Target>,
        priority: Priority,
        now: Timestamp,
    ) -> Started {
        let ticket = Ticket {
            webhook_seq: delivery.webhook_seq,
            seq: delivery.id.seq(),
            priority,
            slot: if target.ordered {
                Slot::FreedByResult
            } else {
                Slot::FreedByExchange
            },
            slots: 1 + gathering::bytes_of(&delivery) / SLOT_BYTES,
        };
        self.memory.remove(&delivery);
        self.in_flight += 1;
        if priority == Priority::Retry {
            self.retries_held += ticket.slots;
        }
        self.hold(ticket.webhook_seq, ticket.slots);
        self.plan_look(ticket.webhook_seq, now);
        Started {
            delivery,
            target,
            ticket,
        }
    }

    /// A lane may have something to do: it stands in line for a turn, or for being loaded.
    fn enter(&mut self, webhook_seq: i64) {
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        match lane.place {
            // There may be a slot for what is new.
            LanePlace::Nowhere | LanePlace::RetrySlot => {}
            LanePlace::Turn | LanePlace::Load | LanePlace::Slot => return,
        }
        let Some(target) = &lane.target else {
            if !lane.loading && !lane.is_gone {
                self.enter_load(webhook_seq);
            }
            return;
        };
        if !lane.wants_turn() {
            return self.forget_idle(webhook_seq);
        }
        let workspace_seq = target.workspace_seq;
        lane.place = LanePlace::Turn;
        let waiting = lane.waiting();
        let workspace = self.workspaces.entry(workspace_seq).or_default();
        workspace.turns.enter(webhook_seq, waiting);
        if !workspace.is_in_ring {
            workspace.is_in_ring = true;
            self.ring.push_back(workspace_seq);
        }
    }

    fn leave_ring(&mut self, workspace_seq: i64) {
        let Some(workspace) = self.workspaces.get_mut(&workspace_seq) else {
            return;
        };
        workspace.is_in_ring = false;
        if workspace.held.total() == 0 {
            self.workspaces.remove(&workspace_seq);
        }
    }

    /// Forgets a lane that has nothing to do, once there are many of them.
    fn forget_idle(&mut self, webhook_seq: i64) {
        let Some(lane) = self.lanes.get(&webhook_seq) else {
            return;
        };
        let idle = lane.is_empty() && lane.place == LanePlace::Nowhere;
        if idle && (lane.is_gone || self.lanes.len() > IDLE_LANES_MAX) {
            self.lanes.remove(&webhook_seq);
        }
    }
}

#[cfg(test)]
mod tests;
