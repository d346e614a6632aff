use std::thread::LocalKey;

use proptest_state_machine::StateMachineTest;
use tokio::runtime::{Builder, Runtime};

use crate::{disk::Kind, founded::Founded, plan::Plan, step::Step, world::World};

/// Runs programs over storages in memory, where time passes only as a program says.
pub(crate) struct InMemory;

/// Runs programs over the real storages.
pub(crate) struct OnSqlite;

thread_local! {
    static TIMELESS: Runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
    static IN_MEMORY: Founded = TIMELESS.with(|runtime| runtime.block_on(Founded::new(Kind::Memory)));
    static ON_SQLITE: Founded = RUNTIME.with(|runtime| runtime.block_on(Founded::new(Kind::Sqlite)));
}

impl StateMachineTest for InMemory {
    type SystemUnderTest = World;
    type Reference = Plan;

    fn init_test(_: &Plan) -> World {
        IN_MEMORY.with(|founded| run(&TIMELESS, World::begin(founded)))
    }

    fn apply(world: World, _: &Plan, step: Step) -> World {
        run(&TIMELESS, world.after(step))
    }

    fn teardown(world: World, _: Plan) {
        run(&TIMELESS, world.ends());
    }
}

impl StateMachineTest for OnSqlite {
    type SystemUnderTest = World;
    type Reference = Plan;

    fn init_test(_: &Plan) -> World {
        ON_SQLITE.with(|founded| run(&RUNTIME, World::begin(founded)))
    }

    fn apply(world: World, _: &Plan, step: Step) -> World {
        run(&RUNTIME, world.after(step))
    }

    fn teardown(world: World, _: Plan) {
        run(&RUNTIME, world.ends());
    }
}

fn run<T>(runtime: &'static LocalKey<Runtime>, work: impl Future<Output = T>) -> T {
    runtime.with(|runtime| runtime.block_on(Box::pin(work)))
}
