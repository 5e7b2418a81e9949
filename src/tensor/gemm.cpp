// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tensor/gemm.hpp"

#include <algorithm>
#include <array>
#include <atomic>

#include "simd/dispatch.hpp"
#include "tensor/pack_buffer.hpp"

namespace frys::detail {
namespace {

// The blocking of Goto and van de Geijn: a panel of B [depth × nr] stays in the first-level cache
// while all row tiles of a block of A [rows × depth] from the second level pass over it.
constexpr std::size_t depth_block = 256;
constexpr std::size_t row_block = 96;       // A multiple of every kernel's mr.
constexpr std::size_t column_block = 1024;  // A multiple of every kernel's nr.
constexpr std::size_t most_tile_floats = 12 * 32;

// Below so many multiplications another thread would not be worth waking.
constexpr std::size_t least_parallel_work = std::size_t{1} << 20;

constinit PackBuffers<depth_block * column_block, 4> b_buffers;
constinit PackBuffers<row_block * depth_block, 16> a_buffers;

std::size_t blocks(std::size_t count, std::size_t size) noexcept {
  return (count + size - 1) / size;
}

/// One block of the product: rows × columns of C, over one block of the depth.
struct Block {
  const Gemm& gemm;
  const simd::MatmulKernel& kernel;
  std::size_t depth_begin;
  std::size_t depth;
  std::size_t column_begin;
  std::size_t columns;
  bool b_in_place;  ///< Whole panels of B are read where they are.
  float* b_packed;  ///< The other panels, each [depth × nr].

  [[nodiscard]] bool in_place(std::size_t panel) const noexcept {
    return b_in_place && (panel + 1) * kernel.nr <= columns;
  }
  [[nodiscard]] const float* b_at(std::size_t column) const noexcept {
    return gemm.b.data + static_cast<std::int64_t>(depth_begin) * gemm.b.row_stride +
           static_cast<std::int64_t>(column_begin + column) * gemm.b.column_stride;
  }
  [[nodiscard]] const float* a_at(std::size_t row) const noexcept {
    return gemm.a.data + static_cast<std::int64_t>(row) * gemm.a.row_stride +
           static_cast<std::int64_t>(depth_begin) * gemm.a.column_stride;
  }
};

/// Columns [panel · nr, …) of B as [depth × nr], columns beyond the last as zeros.
void pack_panel(const Block& block, std::size_t panel) noexcept {
  const std::size_t nr = block.kernel.nr;
  const std::size_t width = std::min(nr, block.columns - panel * nr);
  const StridedMatrix& b = block.gemm.b;
  const float* from = block.b_at(panel * nr);
  float* to = block.b_packed + panel * nr * block.depth;
  if (b.column_stride == 1 && width == nr && b.row_stride >= 0) {
    block.kernel.pack_rows(to, from, static_cast<std::size_t>(b.row_stride), block.depth);
    return;
  }
  if (width < nr) std::fill_n(to, nr * block.depth, 0.0f);
  if (b.row_stride == 1 && b.column_stride >= 0) {
    simd::kernels().transpose_f32(to, nr, from, static_cast<std::size_t>(b.column_stride), width,
                                  block.depth);
    return;
  }
  for (std::size_t p = 0; p < block.depth; ++p) {
    const float* row = from + static_cast<std::int64_t>(p) * b.row_stride;
    for (std::size_t j = 0; j < width; ++j) {
      to[p * nr + j] = row[static_cast<std::int64_t>(j) * b.column_stride];
    }
  }
}

/// Rows [begin, begin + rows) of A as tiles of [depth × mr]. The last tile's missing rows are left
/// as they are: nobody reads them.
void pack_rows_of_a(const Block& block, std::size_t begin, std::size_t rows, float* to) noexcept {
  const std::size_t mr = block.kernel.mr;
  const StridedMatrix& a = block.gemm.a;
  for (std::size_t row = 0; row < rows; row += mr, to += mr * block.depth) {
    const float* from = block.a_at(begin + row);
    const std::size_t height = std::min(mr, rows - row);
    for (std::size_t p = 0; p < block.depth; ++p) {
      const float* column = from + static_cast<std::int64_t>(p) * a.column_stride;
      for (std::size_t i = 0; i < height; ++i) {
        to[p * mr + i] = column[static_cast<std::int64_t>(i) * a.row_stride];
      }
    }
  }
}

/// A rectangle of tiles, one thread's share.
struct Share {
  std::size_t row_begin;
  std::size_t rows;
  std::size_t panel_begin;
  std::size_t panel_end;
};

/// A tile whose columns reach over the edge of C goes through a buffer.
void edge_tile(const Block& block, std::size_t rows, const float* a, std::size_t a_row,
               bool a_packed, const float* b, float* c, std::size_t width) noexcept {
  const std::size_t nr = block.kernel.nr;
  alignas(64) std::array<float, most_tile_floats> tile;
  block.kernel.tile(rows, block.depth, a, a_row, a_packed, b, nr, tile.data(), nr, false);
  for (std::size_t i = 0; i < rows; ++i) {
    float* to = c + i * block.gemm.n;
    const float* from = tile.data() + i * nr;
    for (std::size_t j = 0; j < width; ++j) {
      to[j] = block.depth_begin == 0 ? from[j] : to[j] + from[j];
    }
  }
}

/// Computes `share`. A is read in place when its rows are contiguous, else from `a_packed`.
void multiply_share(const Block& block, const Share& share, const float* a_packed) noexcept {
  const Gemm& gemm = block.gemm;
  const std::size_t mr = block.kernel.mr;
  const std::size_t nr = block.kernel.nr;
  const bool packed = a_packed != nullptr;
  const std::size_t a_row = packed ? 0 : static_cast<std::size_t>(gemm.a.row_stride);
  for (std::size_t panel = share.panel_begin; panel < share.panel_end; ++panel) {
    const bool in_place = block.in_place(panel);
    const float* b = in_place ? block.b_at(panel * nr) : block.b_packed + panel * nr * block.depth;
    const std::size_t b_row = in_place ? static_cast<std::size_t>(gemm.b.row_stride) : nr;
    const std::size_t width = std::min(nr, block.columns - panel * nr);
    for (std::size_t row = 0; row < share.rows; row += mr) {
      const std::size_t rows = std::min(mr, share.rows - row);
      const float* a = packed ? a_packed + row * block.depth : block.a_at(share.row_begin + row);
      float* c = gemm.c + (share.row_begin + row) * gemm.n + block.column_begin + panel * nr;
      if (width < nr) {
        edge_tile(block, rows, a, a_row, packed, b, c, width);
      } else {
        block.kernel.tile(rows, block.depth, a, a_row, packed, b, b_row, c, gemm.n,
                          block.depth_begin != 0);
      }
    }
  }
}

/// How a block is cut for the executor.
struct Grid {
  std::size_t rows;    ///< Rows a share, a multiple of mr.
  std::size_t panels;  ///< Panels a share.
  std::size_t row_shares;
  std::size_t panel_shares;
};

Grid cut(const Block& block, std::size_t threads) noexcept {
  const std::size_t mr = block.kernel.mr;
  const std::size_t panels = blocks(block.columns, block.kernel.nr);
  Grid grid{row_block, panels, 0, 1};
  if (threads > 1) {
    // Some shares more than threads, so that one that comes late finds work left.
    grid.rows = std::min(row_block, mr * blocks(blocks(block.gemm.m, mr), 3 * threads));
  }
  grid.row_shares = blocks(block.gemm.m, grid.rows);
  if (threads > 1 && grid.row_shares < 2 * threads) {
    grid.panels = blocks(panels, blocks(3 * threads, grid.row_shares));
    grid.panel_shares = blocks(panels, grid.panels);
  }
  return grid;
}

/// Calls body(i) for i in [0, count), on the executor when there is more than one thread to use.
template <typename Body>
void spread(std::size_t count, std::size_t threads, Executor& executor, Body body) noexcept {
  if (threads <= 1 || count <= 1) {
    for (std::size_t i = 0; i < count; ++i) body(i);
    return;
  }
  executor.bulk(count, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) body(i);
  });
}

Status multiply_block(const Block& block, std::size_t threads, Executor& executor) noexcept {
  spread(blocks(block.columns, block.kernel.nr), threads, executor, [&](std::size_t panel) {
    if (!block.in_place(panel)) pack_panel(block, panel);
  });
  const Grid grid = cut(block, threads);
  const std::size_t panels = blocks(block.columns, block.kernel.nr);
  const bool pack_a = block.gemm.a.column_stride != 1 || block.gemm.a.row_stride < 0;
  std::atomic<bool> starved{false};
  spread(grid.row_shares * grid.panel_shares, threads, executor, [&](std::size_t index) {
    Share share;
    share.row_begin = index % grid.row_shares * grid.rows;
    share.rows = std::min(grid.rows, block.gemm.m - share.row_begin);
    share.panel_begin = index / grid.row_shares * grid.panels;
    share.panel_end = std::min(panels, share.panel_begin + grid.panels);
    PackBuffer a_buffer(a_buffers);
    if (pack_a) {
      if (a_buffer.get() == nullptr) {
        starved.store(true, std::memory_order_relaxed);
        return;
      }
      pack_rows_of_a(block, share.row_begin, share.rows, a_buffer.get());
    }
    multiply_share(block, share, pack_a ? a_buffer.get() : nullptr);
  });
  return starved.load() ? Status::out_of_memory() : Status();
}

Status multiply_tiled(const Gemm& gemm, std::size_t threads, Executor& executor) noexcept {
  const simd::MatmulKernel& kernel = simd::kernels().matmul;
  // Reading B in place saves packing it, and pays while few rows of A pass over it or while all of
  // it stays in the first-level cache.
  const bool in_place = gemm.b.column_stride == 1 && gemm.b.row_stride >= 0 &&
                        (gemm.m <= 2 * kernel.mr || gemm.k * gemm.n <= 64 * 64);
  PackBuffer b_buffer(b_buffers);
  if ((!in_place || gemm.n % kernel.nr != 0) && b_buffer.get() == nullptr) {
    return Status::out_of_memory();
  }
  // Equal blocks of the depth: 300 is two of 150 and not 256 and 44.
  const std::size_t depth = blocks(gemm.k, blocks(gemm.k, depth_block));
  for (std::size_t column = 0; column < gemm.n; column += column_block) {
    for (std::size_t p = 0; p < gemm.k; p += depth) {
      const Block block{gemm,     kernel,
                        p,        std::min(depth, gemm.k - p),
                        column,   std::min(column_block, gemm.n - column),
                        in_place, in_place && gemm.n % kernel.nr == 0 ? nullptr : b_buffer.get()};
      if (Status bad = multiply_block(block, threads, executor); !bad.ok()) return bad;
    }
  }
  return {};
}

// ---- thin products ---------------------------------------------------------------------------
// A matrix and one vector, or a few: every element of the matrix is used once or a few times, so it
// is streamed through and not packed.

/// Few rows that a thin product multiplies by dot products rather than by tiles.
constexpr std::size_t few = 4;
constexpr std::size_t dot_block = 4096;

/// Rows along the depth: row i is at data + i * stride, contiguous.
struct Rows {
  const float* data;
  std::int64_t stride;
  std::size_t count;
};

/// C by dot products, each row of `many` with each of `some`; `at(i, j)` is where it goes.
template <typename At>
void by_dots(const Rows& many, const Rows& some, std::size_t k, std::size_t threads,
             Executor& executor, At at) noexcept {
  constexpr std::size_t grain = 64;
  spread(blocks(many.count, grain), threads, executor, [&](std::size_t index) {
    const std::size_t end = std::min(many.count, (index + 1) * grain);
    for (std::size_t p = 0; p < k; p += dot_block) {
      const std::size_t depth = std::min(dot_block, k - p);
      for (std::size_t i = index * grain; i < end; ++i) {
        const float* x = many.data + static_cast<std::int64_t>(i) * many.stride + p;
        for (std::size_t j = 0; j < some.count; ++j) {
          const float* y = some.data + static_cast<std::int64_t>(j) * some.stride + p;
          const float part = simd::kernels().dot_f32(x, y, depth);
          float& to = at(i, j);
          to = p == 0 ? part : to + part;
        }
      }
    }
  });
}

/// c[j] = Σ x[p · x_stride] · rows[p · row_stride + j] for j < n.
void by_axpys(const float* x, std::int64_t x_stride, const float* rows, std::int64_t row_stride,
              std::size_t k, float* c, std::size_t n, std::size_t threads,
              Executor& executor) noexcept {
  constexpr std::size_t grain = 2048;  // A piece of C that stays in the first-level cache.
  spread(blocks(n, grain), threads, executor, [&](std::size_t index) {
    const std::size_t begin = index * grain;
    const std::size_t width = std::min(grain, n - begin);
    simd::kernels().scale_f32(c + begin, rows + begin, *x, width);
    for (std::size_t p = 1; p < k; ++p) {
      const auto at = static_cast<std::int64_t>(p);
      simd::kernels().axpy_f32(c + begin, x[at * x_stride], rows + at * row_stride + begin,
                               c + begin, width);
    }
  });
}

/// False when the product is not thin, or not laid out for it.
bool multiply_thin(const Gemm& gemm, std::size_t threads, Executor& executor) noexcept {
  const StridedMatrix& a = gemm.a;
  const StridedMatrix& b = gemm.b;
  if (a.column_stride == 1 && b.row_stride == 1 && std::min(gemm.m, gemm.n) <= few) {
    const Rows rows_a{a.data, a.row_stride, gemm.m};
    const Rows rows_b{b.data, b.column_stride, gemm.n};
    float* c = gemm.c;
    const std::size_t n = gemm.n;
    if (gemm.m >= gemm.n) {
      by_dots(rows_a, rows_b, gemm.k, threads, executor,
              [c, n](std::size_t i, std::size_t j) -> float& { return c[i * n + j]; });
    } else {
      by_dots(rows_b, rows_a, gemm.k, threads, executor,
              [c, n](std::size_t i, std::size_t j) -> float& { return c[j * n + i]; });
    }
    return true;
  }
  if (gemm.m == 1 && b.column_stride == 1) {
    by_axpys(a.data, a.column_stride, b.data, b.row_stride, gemm.k, gemm.c, gemm.n, threads,
             executor);
    return true;
  }
  if (gemm.n == 1 && a.row_stride == 1) {
    by_axpys(b.data, b.row_stride, a.data, a.column_stride, gemm.k, gemm.c, gemm.m, threads,
             executor);
    return true;
  }
  return false;
}

}  // namespace

Status multiply(const Gemm& gemm, Executor& executor) noexcept {
  if (gemm.k == 0) {
    std::fill_n(gemm.c, gemm.m * gemm.n, 0.0f);
    return {};
  }
  // Not m · n · k, which may overflow: A and B alone may be views of broadcast scalars.
  const double work =
      static_cast<double>(gemm.m) * static_cast<double>(gemm.n) * static_cast<double>(gemm.k);
  const std::size_t threads =
      work < static_cast<double>(least_parallel_work) ? 1 : executor.concurrency();
  if (multiply_thin(gemm, threads, executor)) return {};
  return multiply_tiled(gemm, threads, executor);
}

}  // namespace frys::detail
