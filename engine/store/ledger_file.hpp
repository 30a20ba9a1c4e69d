// The ledger's file, mapped into memory. What it means is the quota room's; here it is a head and blocks.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "base/result.hpp"
#include "store/descriptor.hpp"

namespace freellmapi::store {

/// How a file is cut: `head` bytes, then blocks of `block` bytes, at most `most` of them. Multiples of 4096.
struct LedgerShape {
  std::size_t head = 0, block = 0, most = 0;
};

/// Stores into its bytes survive the end of the process, however it comes; a loss of power takes what was not
/// flushed. Address space for the longest file is taken at once, so blocks never move. Thread safety: flush()
/// from any thread; the rest by one at a time.
class LedgerFile {
 public:
  /// Maps the file, or makes one (0600) when there is none, and closes it to others. Errors: permission (not
  /// a file, or not ours), already_exists (another process has it open), io, protocol (its length is not one
  /// that a ledger has). Nothing of what it holds is changed then. From here on a file that somebody cuts off
  /// under this process ends it with a sentence and exit code 1 instead of a bare SIGBUS.
  static base::Result<LedgerFile> open(const std::filesystem::path& file, LedgerShape shape);
  LedgerFile(LedgerFile&& other) noexcept;
  LedgerFile& operator=(LedgerFile&&) = delete;
  ~LedgerFile();

  std::span<std::byte> head() noexcept { return {bytes_, shape_.head}; }
  std::size_t blocks() const noexcept { return blocks_; }
  std::span<std::byte> block(std::size_t index) noexcept {
    return {bytes_ + shape_.head + index * shape_.block, shape_.block};
  }
  /// A block of zeros more, with its space on the disk: writing to it cannot fail later. Errors: limit, io.
  base::Result<void> add_block();
  /// Returns when the disk has everything.
  base::Result<void> flush() noexcept;

 private:
  LedgerFile(Descriptor fd, LedgerShape shape, std::byte* bytes, std::size_t blocks);

  Descriptor fd_;
  LedgerShape shape_;
  std::byte* bytes_;  // of the mapping
  std::size_t blocks_;
};

}  // namespace freellmapi::store
