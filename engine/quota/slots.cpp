#include "quota/slots.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "base/ids.hpp"

namespace freellmapi::quota {
namespace {

constexpr std::string_view magic{"freellm ledger\r\n", 16};
/// Clocks are read every few seconds; a process that has not done so for this long was not at work.
constexpr std::chrono::seconds longest_silence{60};
/// How far a window's newest reading may be ahead of the last one that was written down.
constexpr std::chrono::hours longest_lead{24};

template <class T>
std::string_view bytes_of(const T& thing, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(&thing), size};
}

std::uint32_t check_of(const SlotHead& head) noexcept {
  const std::uint64_t sum = base::fnv1a(bytes_of(head, offsetof(SlotHead, check)));
  const auto folded = static_cast<std::uint32_t>(sum ^ (sum >> 32u));
  return folded == 0 ? 1 : folded;
}
std::uint64_t check_of(const Head& head) noexcept {
  return base::fnv1a(bytes_of(head, offsetof(Head, check)));
}
std::uint64_t check_of(const Reading& reading) noexcept {
  return base::fnv1a(bytes_of(reading, offsetof(Reading, check)));
}

/// What no run of the program leaves behind, however it ended.
bool plausible(const SlotHead* slot, base::Instant latest) noexcept {
  if (slot->kind == SlotKind::cooldown) return true;
  const WindowState& state = reinterpret_cast<const WindowSlot*>(slot)->state;
  constexpr std::uint64_t most = std::uint64_t{1} << 62u;
  if (state.total > most || state.epoch < 0 || state.pause.count() < 0 || state.running > 2) return false;
  if (state.seen.time_since_epoch().count() < 0 || state.seen > latest) return false;
  if (static_cast<std::uint64_t>(state.epoch) > most) return false;
  if (slot->kind != SlotKind::rolling) return true;
  // No part is shorter: a number beyond what time has brought is one that no window ever leaves.
  constexpr std::chrono::nanoseconds shortest_part =
      std::chrono::nanoseconds{std::chrono::seconds{1}} / rolling_parts;
  if (state.epoch > latest.time_since_epoch() / shortest_part) return false;
  return std::ranges::all_of(reinterpret_cast<const RollingSlot*>(slot)->parts,
                             [](std::uint64_t part) { return part <= most; });
}

base::Error damaged(std::string what) { return {base::Errc::protocol, std::move(what)}; }

Head usual_head() noexcept {
  Head head;
  std::ranges::copy(magic, head.magic.begin());
  head.version = layout_version;
  head.head_bytes = static_cast<std::uint32_t>(head_size);
  head.block_bytes = static_cast<std::uint32_t>(block_size);
  head.blocks_most = static_cast<std::uint32_t>(most_blocks);
  head.rolling_bytes = static_cast<std::uint32_t>(slot_size(SlotKind::rolling));
  head.window_bytes = static_cast<std::uint32_t>(slot_size(SlotKind::window));
  head.cooldown_bytes = static_cast<std::uint32_t>(slot_size(SlotKind::cooldown));
  head.check = check_of(head);
  return head;
}

}  // namespace

Head& Slots::head() noexcept { return *reinterpret_cast<Head*>(bytes_.head().data()); }

SlotHead* Slots::at(std::size_t offset) noexcept {
  return reinterpret_cast<SlotHead*>(bytes_.block(offset / block_size).data() + offset % block_size);
}

base::Result<void> Slots::open(BootId boot, Now now) {
  boot_ = boot;
  const auto bytes = bytes_.head();
  const bool empty = std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{}; });
  if (empty && bytes_.blocks() == 0) {
    make_head();
    last_sign_ = now;
    read_clocks(now);
    return {};
  }
  if (auto good = check_head(); !good) return good;
  const Reading* newest = nullptr;
  for (const Reading& reading : head().readings) {
    if (reading.check != check_of(reading)) continue;
    if (newest == nullptr || reading.number > newest->number) newest = &reading;
  }
  if (newest == nullptr) return damaged("it does not say when it was written");
  if (auto good = find_slots(newest->at + longest_lead); !good) return good;
  go_on(*newest, now);
  return {};
}

void Slots::make_head() { head() = usual_head(); }

base::Result<void> Slots::check_head() {
  const Head& found = head();
  const Head usual = usual_head();
  if (found.magic != usual.magic) return damaged("it is not a ledger");
  if (found.version != usual.version) {
    return damaged("it has layout " + std::to_string(found.version) + ", this program writes layout " +
                   std::to_string(usual.version));
  }
  if (found.check != check_of(found)) return damaged("the checksum of its head is wrong");
  if (found.check != usual.check) return damaged("its sizes are those of another program");
  if (found.used > bytes_.blocks() * block_size) return damaged("it is shorter than it says");
  return {};
}

base::Result<void> Slots::find_slots(base::Instant latest) {
  const std::size_t used = head().used;
  const auto torn = [](std::size_t offset) {
    return damaged("it is damaged at byte " + std::to_string(head_size + offset));
  };
  while (next_ < used) {
    SlotHead* const slot = at(next_);
    const std::size_t left = block_size - next_ % block_size;
    if (slot->kind == SlotKind::rest) {
      next_ += left;
      continue;
    }
    const std::size_t size = slot_size(slot->kind);
    if (size == 0 || size > left) return torn(next_);
    if (slot->check == 0) {
      vacant_.push_back(slot);
    } else {
      if (slot->check != check_of(*slot) || !plausible(slot, latest)) return torn(next_);
      Identity id;
      id.high = slot->high;
      id.low = slot->low;
      if (!found_.try_emplace(id, Found{slot, slot->kind}).second) return torn(next_);
    }
    next_ += size;
  }
  if (next_ != used) return torn(next_);
  return {};
}

void Slots::go_on(Reading last, Now now) {
  const bool same_boot = last.boot_high == boot_.high && last.boot_low == boot_.low && boot_ != BootId{} &&
                         now.steady >= last.steady;
  // After another boot only the wall clock knows how long it took; one that went back says nothing.
  const std::chrono::nanoseconds passed =
      same_boot ? now.steady - last.steady
                : std::max<std::chrono::nanoseconds>(now.wall - last.wall, std::chrono::nanoseconds{0});
  const base::Instant present = last.at + passed;
  offset_ = present - now.steady;
  last_sign_ = passed <= longest_silence ? Now{present, now.wall}
                                         : Now{last.at + longest_silence, last.wall + longest_silence};
  read_clocks(now);
}

void Slots::read_clocks(Now now) noexcept {
  auto& readings = head().readings;
  const bool first_is_newer = readings[0].number > readings[1].number;
  Reading& older = readings[first_is_newer ? 1 : 0];
  Reading made;
  made.number = readings[first_is_newer ? 0 : 1].number + 1;
  made.at = now.steady + offset_;
  made.steady = now.steady;
  made.wall = now.wall;
  made.boot_high = boot_.high;
  made.boot_low = boot_.low;
  made.check = check_of(made);
  older = made;
}

base::Result<SlotHead*> Slots::get(SlotKind kind, const Identity& id,
                                   const std::function<bool(const Identity&)>& idle) {
  if (const auto found = found_.find(id); found != found_.end()) return found->second.slot;
  SlotHead* slot = nullptr;
  const auto place = std::ranges::find(vacant_, kind, &SlotHead::kind);
  if (place != vacant_.end()) {
    slot = *place;
    vacant_.erase(place);
  } else if (auto added = add(kind)) {
    slot = *added;
  } else {
    if (added.error().code == base::Errc::limit) slot = reuse(kind, idle);
    if (slot == nullptr) return added.error();
  }
  // Vacant first and named last: killed in between, it is nobody's.
  slot->check = 0;
  in_this_order();
  std::memset(reinterpret_cast<std::byte*>(slot) + sizeof(SlotHead), 0, slot_size(kind) - sizeof(SlotHead));
  slot->high = id.high;
  slot->low = id.low;
  slot->kind = kind;
  in_this_order();
  slot->check = check_of(*slot);
  found_.emplace(id, Found{slot, kind});
  return slot;
}

base::Result<SlotHead*> Slots::add(SlotKind kind) {
  const std::size_t size = slot_size(kind);
  const std::size_t left = (block_size - next_ % block_size) % block_size;
  if (left < size) {
    // A block that was added before a crash may lie behind already.
    if (next_ + left == bytes_.blocks() * block_size) {
      if (auto grown = bytes_.add_block(); !grown) return grown.error();
    }
    if (left > 0) at(next_)->kind = SlotKind::rest;
    next_ += left;
  }
  SlotHead* const slot = at(next_);
  next_ += size;
  return slot;
}

SlotHead* Slots::reuse(SlotKind kind, const std::function<bool(const Identity&)>& idle) {
  const auto place = std::ranges::find_if(
      found_, [&](const auto& entry) { return entry.second.kind == kind && idle(entry.first); });
  if (place == found_.end()) return nullptr;
  SlotHead* const slot = place->second.slot;
  found_.erase(place);
  return slot;
}

base::Result<void> Slots::publish() {
  if (head().used == next_) return {};
  // On the disk before they are counted: a head that speaks of slots which a loss of power took would be
  // damage.
  if (auto written = bytes_.flush(); !written) return written;
  head().used = next_;
  return {};
}

}  // namespace freellmapi::quota
