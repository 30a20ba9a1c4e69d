// What is counted of requests and attempts, for /metrics.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "policy/policy.hpp"
#include "relay/outcomes.hpp"
#include "relay/places.hpp"
#include "relay/record.hpp"

namespace freellmapi::relay {

/// How a request ended, as the client saw it.
enum class RequestEnd {
  answered,     ///< 2xx, whole
  cut,          ///< a stream that ended with an error event
  refused,      ///< 4xx
  failed,       ///< 5xx
  client_gone,  ///< before its answer was whole
};
inline constexpr std::size_t ended_kinds = 5;
std::string_view name(RequestEnd ended) noexcept;

/// Ends of an attempt beside the classes of a failure.
inline constexpr std::uint32_t attempt_answered = rulings.size(), attempt_left = rulings.size() + 1,
                               attempt_hedged = rulings.size() + 2;
inline constexpr std::size_t attempt_kinds = rulings.size() + 3;
/// "answered", "client_gone", "hedged", or the name of the failure's row.
std::string_view attempt_name(std::uint32_t kind) noexcept;

/// Upper bounds of the buckets in microseconds; a last bucket has none.
inline constexpr std::array<std::uint64_t, 15> wait_bounds{
    5'000,     10'000,    25'000,     50'000,     100'000,    250'000,     500'000,    1'000'000,
    2'500'000, 5'000'000, 10'000'000, 30'000'000, 60'000'000, 120'000'000, 300'000'000};
inline constexpr std::array<std::uint64_t, 10> route_bounds{25,    50,    100,   250,    500,
                                                            1'000, 2'500, 5'000, 10'000, 50'000};

/// Counted values of one histogram.
template <std::size_t Bounds>
struct Buckets {
  std::array<std::uint64_t, Bounds + 1> counts{};  ///< of each bucket alone, not cumulated
  std::uint64_t sum = 0;                           ///< microseconds
};
using Waits = Buckets<wait_bounds.size()>;
using Routes = Buckets<route_bounds.size()>;

/// Under which numbers a policy's providers and models are counted, by their indices.
struct CountedAs {
  std::vector<std::uint32_t> providers, models;
};

/// Plain counters, one set for each core, added to without a lock and put together when somebody asks. Names
/// are learnt once and counted under by their numbers; 0 is "other". Thread safety: any thread.
class Meter {
 public:
  static constexpr std::size_t surfaces_most = 31, providers_most = 63, models_most = 767;

  /// `cores`: sets of counters; cores beyond them share.
  explicit Meter(unsigned cores);
  ~Meter();

  /// Never on the hot path.
  CountedAs learn(const policy::Policy& policy);
  std::uint32_t learn_surface(std::string_view surface) { return surfaces_.add(surface); }

  /// A request that has ended. `total` is from its head's arrival.
  void request(unsigned core, const Record& record, std::chrono::microseconds total) noexcept;
  /// An attempt that has ended: a failure's class, attempt_answered, attempt_left or attempt_hedged.
  void attempt(unsigned core, std::uint32_t provider, std::uint32_t kind) noexcept;
  void tokens(unsigned core, std::uint32_t model, std::uint64_t input, std::uint64_t output) noexcept;
  /// Somebody stood in line for a window.
  void waited(unsigned core, std::chrono::microseconds how_long) noexcept;
  /// A stream that died has gone on from another model.
  void continued(unsigned core) noexcept;

  /// Everything so far, by the numbers of the names.
  struct Sum {
    struct Surface {
      std::string name;
      std::array<std::uint64_t, ended_kinds> ended{};
      Waits duration;
    };
    struct Provider {
      std::string name;
      std::array<std::uint64_t, attempt_kinds> attempts{};
      Waits first_token;  ///< of requests that this provider has answered
    };
    struct Model {
      std::string provider, name;
      std::uint64_t input = 0, output = 0;
    };
    std::vector<Surface> surfaces;
    std::vector<Provider> providers;
    std::vector<Model> models;
    Waits queue;
    Routes route;
    std::uint64_t continued = 0;
  };
  Sum sum() const;

 private:
  struct Cells;
  Cells& of(unsigned core) const noexcept { return *cells_[core % cells_.size()]; }

  Places surfaces_{surfaces_most}, providers_{providers_most}, models_{models_most};
  std::vector<std::unique_ptr<Cells>> cells_;
};

}  // namespace freellmapi::relay
