#include <utility>

#include "quota/ledger.hpp"

namespace freellmapi::quota {

Reservation::Reservation(Reservation&& other) noexcept
    : ledger_(std::exchange(other.ledger_, nullptr)),
      plan_(std::move(other.plan_)),
      binding_(other.binding_),
      need_(other.need_),
      at_(other.at_),
      marks_(other.marks_) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  if (this == &other) return *this;
  if (ledger_ != nullptr) ledger_->release(*this);
  ledger_ = std::exchange(other.ledger_, nullptr);
  plan_ = std::move(other.plan_);
  binding_ = other.binding_;
  need_ = other.need_;
  at_ = other.at_;
  marks_ = other.marks_;
  return *this;
}

Reservation::~Reservation() {
  if (ledger_ != nullptr) ledger_->release(*this);
}

}  // namespace freellmapi::quota
