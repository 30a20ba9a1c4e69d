// Where a ledger keeps its state: a head and blocks that are added one by one and never move.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "quota/layout.hpp"

namespace freellmapi::quota {

/// Bytes that outlive the ledger (a mapped file), or do not (HeapBytes). Aligned to slot_step, new ones are
/// zero. Called under the ledger's own lock, never while a request waits.
class Bytes {
 public:
  virtual ~Bytes() = default;
  /// head_size bytes.
  virtual std::span<std::byte> head() noexcept = 0;
  virtual std::size_t blocks() const noexcept = 0;
  /// block_size bytes. `index` < blocks().
  virtual std::span<std::byte> block(std::size_t index) noexcept = 0;
  /// One block more. Errors: limit (as many as there may be), io (no space).
  virtual base::Result<void> add_block() = 0;
  /// Returns when everything has reached the disk.
  virtual base::Result<void> flush() = 0;
};

/// For tests, benches and simulation.
class HeapBytes final : public Bytes {
 public:
  explicit HeapBytes(std::size_t most = most_blocks) : most_(most) {}
  std::span<std::byte> head() noexcept override { return head_; }
  std::size_t blocks() const noexcept override { return blocks_.size(); }
  std::span<std::byte> block(std::size_t index) noexcept override { return *blocks_[index]; }
  base::Result<void> add_block() override {
    if (blocks_.size() >= most_) return base::Error{base::Errc::limit, "the ledger is full"};
    blocks_.push_back(std::make_unique<Block>());
    return {};
  }
  base::Result<void> flush() override { return {}; }

 private:
  struct alignas(slot_step) Block : std::array<std::byte, block_size> {};
  alignas(slot_step) std::array<std::byte, head_size> head_{};
  std::vector<std::unique_ptr<Block>> blocks_;
  std::size_t most_;
};

}  // namespace freellmapi::quota
