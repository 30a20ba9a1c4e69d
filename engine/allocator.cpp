// What jemalloc is told before main. In Release alone; other builds have the system's allocator.

// Its own thread gives freed pages back soon. Left to itself it does so only while the program allocates, for
// ten seconds: a crowd that has gone quiet kept 10 KiB for each of its connections. A steady load uses its
// pages again within the half second and pays nothing. A thread keeps at most 40 objects of a size, not 200:
// each of seven would hold what the start alone has needed.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf =
    "background_thread:true,dirty_decay_ms:500,muzzy_decay_ms:0,lg_tcache_max:13,tcache_nslots_small_max:40";
}
