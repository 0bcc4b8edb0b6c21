//! The program itself, killed with SIGKILL at random points of a snap.
