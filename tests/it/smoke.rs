//! The program starts, responds and stops.

use crate::world::World;

#[test]
fn a_real_archive_is_served() {
    let world = World::sample("direct");
    let daemon = world.serve(&[]);
    assert_eq!(daemon.events().len(), 5);
    assert_eq!(daemon.get("/").status, 200);
    assert_eq!(daemon.stop(), 0);
}
