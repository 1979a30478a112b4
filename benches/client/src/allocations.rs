//! Counts what each thread allocates.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[global_allocator]
static COUNTING: Counting = Counting;

struct Counting;

#[derive(Clone, Copy, Default)]
pub struct Allocations {
    pub count: u64,
    pub bytes: u64,
}

thread_local! {
    static ALLOCATIONS: Cell<Allocations> = const { Cell::new(Allocations { count: 0, bytes: 0 }) };
}

/// The allocations of this thread so far.
pub fn of_this_thread() -> Allocations {
    ALLOCATIONS.get()
}

fn count(bytes: usize) {
    // A thread that ends has no counter any more.
    let _ = ALLOCATIONS.try_with(|allocations| {
        let Allocations { count, bytes: before } = allocations.get();
        allocations.set(Allocations { count: count + 1, bytes: before + bytes as u64 });
    });
}

// SAFETY: all is done by the system's allocator; counting touches a thread-local cell that needs no allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        unsafe { System.realloc(pointer, layout, size) }
    }
}
