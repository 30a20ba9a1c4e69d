// Gives every file of the named folders to a fuzz target, and what remains of it when it is cut or one bit is
// turned.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t most_variants = 400;

void replay(std::vector<std::uint8_t> bytes) {
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  const std::size_t step = bytes.size() / most_variants + 1;
  for (std::size_t i = 0; i < bytes.size(); i += step) {
    LLVMFuzzerTestOneInput(bytes.data(), i);
    const auto bit = static_cast<std::uint8_t>(1u << (i % 8));
    bytes[i] ^= bit;
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    bytes[i] ^= bit;
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t files = 0;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) continue;
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream in(entry.path(), std::ios::binary);
      replay({std::istreambuf_iterator<char>(in), {}});
      ++files;
    }
  }
  std::printf("%zu inputs replayed\n", files);
  return files > 0 ? 0 : 1;
}
