// A policy bound to windows: for every key and model the rules that apply, the counts they run on and the
// locks to take.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "quota/ledger.hpp"
#include "quota/memory.hpp"

namespace freellmapi::quota {

struct Slot {
  Window* window = nullptr;
  const policy::Rule* rule = nullptr;
  policy::Unit of = policy::Unit::requests;  ///< the rule's: what every request needs of it, without its line
};

/// All that concerns one key at one model. The model's own rules come before its provider's.
struct Binding {
  Group* key = nullptr;
  Group* provider = nullptr;
  Group* model = nullptr;
  Pair* pair = nullptr;
  std::uint32_t first_slot = 0, slots = 0;
  std::uint32_t first_lock = 0, locks = 0;
};

/// One window as `quota` shows it.
struct RowSource {
  Slot slot;
  Group* group = nullptr;
  policy::ProviderIndex provider = policy::none;
  policy::KeyIndex key = policy::none;
  policy::ModelIndex model = policy::none;
};

class BoundPlan final : public Plan {
 public:
  /// The error is the memory's: no room for a window.
  static base::Result<std::shared_ptr<const BoundPlan>> make(std::shared_ptr<const policy::Policy> policy,
                                                             Memory& memory);

  /// nullptr when the policy does not know the two together.
  const Binding* find(policy::KeyIndex key, policy::ModelIndex model) const noexcept;
  std::span<const Slot> slots(const Binding& b) const noexcept { return {&slots_[b.first_slot], b.slots}; }
  std::span<Group* const> locks(const Binding& b) const noexcept { return {&locks_[b.first_lock], b.locks}; }
  std::span<const RowSource> rows() const noexcept { return rows_; }

 private:
  class Builder;
  using Plan::Plan;

  /// Where it stands in the run of its provider's models, which is as long as the provider has keys: the
  /// keyless binding first (empty where there are keys).
  struct ModelPlace {
    std::uint32_t first_binding = policy::none;
    policy::ProviderIndex provider = policy::none;
  };
  struct KeyPlace {
    std::uint32_t in_run = 0;
    policy::ProviderIndex provider = policy::none;
  };
  std::vector<ModelPlace> models_;
  std::vector<KeyPlace> keys_;
  std::vector<Binding> bindings_;
  std::vector<Slot> slots_;
  std::vector<Group*> locks_;
  std::vector<RowSource> rows_;
  std::vector<std::shared_ptr<const void>> owned_;
};

/// Holds every lock of a binding, taken in the one order there is.
class Locked {
 public:
  explicit Locked(std::span<Group* const> groups) : groups_(groups) {
    for (Group* group : groups_) group->mutex.lock();
  }
  ~Locked() {
    for (Group* group : groups_) group->mutex.unlock();
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  std::span<Group* const> groups_;
};

}  // namespace freellmapi::quota
