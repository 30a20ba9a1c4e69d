#include "quota/memory.hpp"

namespace freellmapi::quota {
namespace {

constexpr std::size_t most_idle = 65'536;  // windows, locks and cooldowns kept of policies that are gone
constexpr std::size_t most_reasons = 64;

}  // namespace

void Cooldown::stay_in(CooldownState& slot, std::string_view reason, Now now) noexcept {
  slot_ = &slot;
  steady_until_ = slot.steady_until;
  wall_until_ = slot.wall_until;
  reason_ = reason;
  on_.store(running(now), std::memory_order_release);
}

void Cooldown::start(base::Instant said, base::Instant steady_until, base::WallTime wall_until,
                     std::string_view reason) noexcept {
  said_ = said;
  steady_until_ = steady_until;
  wall_until_ = wall_until;
  reason_ = reason;
  on_.store(true, std::memory_order_release);
  if (slot_ == nullptr) return;
  slot_->reason = {};
  std::copy_n(reason.begin(), std::min(reason.size(), slot_->reason.size()), slot_->reason.begin());
  slot_->wall_until = wall_until;
  slot_->steady_until = steady_until;
}

void Cooldown::end() noexcept {
  on_.store(false, std::memory_order_release);
  if (slot_ != nullptr) slot_->steady_until = {};
}

SlotHead* Memory::slot(SlotKind kind, const Identity& id) {
  // What no plan of this process has used goes first; then what none uses any more.
  const auto forgotten = [this](const Identity& other) {
    return !windows_.holds(other) && !groups_.holds(other) && !pairs_.holds(other);
  };
  auto found = slots_.get(kind, id, forgotten);
  if (!found && found.error().code == base::Errc::limit) {
    windows_.trim(0);
    groups_.trim(0);
    pairs_.trim(0);
    found = slots_.get(kind, id, forgotten);
  }
  if (!found) error_ = found.error();
  return found ? *found : nullptr;
}

std::shared_ptr<Window> Memory::window(const Identity& id, const policy::Rule& rule) {
  return windows_.get(id, generation_, [&]() -> std::shared_ptr<Window> {
    const SlotKind kind = Window::slot_kind(rule);
    SlotHead* const at = slot(kind, id);
    if (at == nullptr) return nullptr;
    const Now ended = slots_.last_sign_of_life();
    if (kind == SlotKind::rolling) {
      auto& rolling = *reinterpret_cast<RollingSlot*>(at);
      return std::make_shared<Window>(rule, rolling.state, &rolling.parts, nullptr, ended);
    }
    auto& other = *reinterpret_cast<WindowSlot*>(at);
    return std::make_shared<Window>(rule, other.state, nullptr, &other.wall, ended);
  });
}

bool Memory::stay(Cooldown& cooldown, const Identity& id) {
  SlotHead* const at = slot(SlotKind::cooldown, id);
  if (at == nullptr) return false;
  CooldownState& state = reinterpret_cast<CooldownSlot*>(at)->state;
  const std::string_view all{state.reason.data(), state.reason.size()};
  cooldown.stay_in(state, lasting(all.substr(0, all.find('\0'))), slots_.last_sign_of_life());
  return true;
}

std::string_view Memory::lasting(std::string_view reason) {
  const bool named = std::ranges::all_of(reason, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  if (!named || (reasons_.size() >= most_reasons && !reasons_.contains(reason))) return "cooldown";
  return *reasons_.emplace(reason).first;
}

std::shared_ptr<Group> Memory::group(Group::Kind kind, const Identity& id) {
  return groups_.get(id, generation_, [&]() -> std::shared_ptr<Group> {
    auto made = std::make_shared<Group>(kind, next_order_++);
    // Nobody benches a pool.
    const bool stays = kind == Group::Kind::pool || stay(made->cooldown, id);
    return stays ? made : nullptr;
  });
}

std::shared_ptr<Pair> Memory::pair(const Identity& id) {
  return pairs_.get(id, generation_, [&]() -> std::shared_ptr<Pair> {
    auto made = std::make_shared<Pair>();
    return stay(made->cooldown, id) ? made : nullptr;
  });
}

void Memory::trim() {
  windows_.trim(most_idle);
  groups_.trim(most_idle);
  pairs_.trim(most_idle);
}

}  // namespace freellmapi::quota
