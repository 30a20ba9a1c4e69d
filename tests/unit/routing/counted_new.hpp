// Counts what this program takes from the heap.
#pragma once

namespace freellmapi::routing::testing {

/// How often operator new was called since the start, by any thread.
unsigned long allocations() noexcept;

}  // namespace freellmapi::routing::testing
