// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The warm path of a scope, and what it holds on to. The tree's side is in scope_tree.cpp.

#include "memory/scope_node.hpp"

#include <algorithm>
#include <mutex>
#include <new>
#include <utility>

namespace frys::detail {
namespace {

constexpr std::size_t first_chunk_bytes = std::size_t{64} << 10;
constexpr std::size_t largest_chunk_bytes = std::size_t{1} << 20;

Status too_large(std::string_view what) noexcept {
  try {
    return {ErrorCode::invalid_argument,
            "more bytes were asked of scope " + std::string(what) + " than can be addressed"};
  } catch (const std::bad_alloc&) {
    return {ErrorCode::invalid_argument, "more bytes were asked for than can be addressed"};
  }
}

}  // namespace

ScopeNode::ScopeNode(std::string_view name, std::string path, Units budget, ScopeNode* parent,
                     ScopeTree* tree, PoolCore* pool)
    : pool_(pool),
      tree_(tree),
      parent_(parent),
      budget_(budget),
      slot_(tree->scopes_made.fetch_add(1, std::memory_order_relaxed) % credit_slots),
      depth_(parent == nullptr ? 0 : parent->depth_ + 1),
      name_(name),
      path_(std::move(path)) {}

ScopeNode::~ScopeNode() {
  if (parent_ != nullptr) return;
  PoolCore* pool = tree_->pool;
  PoolCore* shared = shared_pool();
  PoolCore::separate(*pool);
  delete tree_;
  if (shared != nullptr) shared->release();
  pool->release();
}

void ScopeNode::drop_reference() noexcept {
  for (ScopeNode* node = this; node != nullptr;) {
    if (node->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    ScopeNode* parent = node->parent_;
    delete node;
    node = parent;
  }
}

void ScopeNode::drop_handle() noexcept {
  if (handles_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  close();
  drop_reference();
}

Result<Storage> ScopeNode::allocate(std::size_t bytes, std::size_t alignment, bool press) noexcept {
  if (bytes > max_request_bytes) return too_large(path_);
  const Units units = units_of(bytes);
  Block* block = nullptr;
  if (ThreadCache* cache = pool_->own_cache();
      cache != nullptr && pool_->is_small(bytes) && alignment <= unit_bytes) {
    block = cache->take(this, slot_, units, pool_->class_of(bytes));
  }
  if (block != nullptr) {
    pool_->make_ready(block, bytes);
  } else {
    Refusal refusal;
    block = obtain(bytes, alignment, refusal);
    if (block == nullptr && press) block = obtain_under_pressure(bytes, alignment, refusal);
    if (block == nullptr) {
      note_refusal(bytes, refusal.status);
      return std::move(refusal.status);
    }
    if (tree_->trace.on()) tree_->trace.allocated(this, block, bytes);
  }
  block->scope = this;
  keep_promise(units);
  if (block->fresh_pages != 0) {
    note_first_touch(std::exchange(block->fresh_pages, 0));
  }
  return Storage::adopt(block);
}

void ScopeNode::release(Block* block) noexcept {
  const Units units = units_of(block->size_bytes);
  if (block->origin < size_classes) {
    pool_->make_free(block);
    ThreadCache* cache = pool_->own_cache();
    if (cache != nullptr && !pool_->closed() &&
        cache->keep(block, this, slot_, units, class_shapes[block->origin].magazine_blocks)) {
      return;
    }
  }
  if (tree_->trace.on()) tree_->trace.freed(block);
  // First the block, then its charge: what a scope counts as free is free to be had.
  pool_->deallocate(block);
  uncharge(units);
}

void ScopeNode::cut_promise(Units most) noexcept {
  Units promised = promised_.load(std::memory_order_relaxed);
  Units cut;
  do {
    cut = std::min(promised, most);
    if (cut == 0) return;
  } while (!promised_.compare_exchange_weak(promised, promised - cut, std::memory_order_acquire,
                                            std::memory_order_relaxed));
  pool_->promise_kept(cut * unit_bytes);
}

void ScopeNode::note_refusal(std::size_t bytes, const Status& why) noexcept {
  const bool by_system = why == ErrorCode::out_of_memory;
  if (!by_system && why != ErrorCode::budget_exceeded) return;
  tree_->refusals.fetch_add(1, std::memory_order_relaxed);
  if (tree_->trace.on()) tree_->trace.refused(this, bytes, by_system);
}

void ScopeNode::note_first_touch(std::uint32_t pages) noexcept {
  pool_->note_first_touch(pages);
  for (ScopeNode* node = this; node != nullptr; node = node->parent_) {
    node->first_touch_pages_.fetch_add(pages, std::memory_order_relaxed);
  }
}

void ScopeNode::note_copy(std::size_t bytes) noexcept {
  for (ScopeNode* node = this; node != nullptr; node = node->parent_) {
    node->copies_.fetch_add(1, std::memory_order_relaxed);
    node->copied_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }
}

Result<Scratch> ScopeNode::scratch(std::size_t bytes) {
  if (bytes > max_request_bytes) return too_large(path_);
  const std::size_t size_bytes = units_of(bytes) * unit_bytes;
  std::size_t chunk_bytes = first_chunk_bytes;
  {
    const std::lock_guard lock(scratch_lock_);
    if (scratch_generation_.load(std::memory_order_relaxed) % 2 == 0) return closed_status();
    if (chunks_ != nullptr) {
      if (chunks_->storage.size_bytes() - chunks_->used_bytes >= size_bytes) return borrow(bytes);
      chunk_bytes = std::min(chunks_->storage.size_bytes() * 2, largest_chunk_bytes);
    }
  }
  // Without the lock: allocating may need the tree's, which comes first.
  Result<Storage> storage =
      allocate(std::max(size_bytes, chunk_bytes), unit_bytes, size_bytes >= chunk_bytes);
  if (!storage && size_bytes < chunk_bytes) storage = allocate(size_bytes);
  if (!storage) return storage.error();
  auto chunk = std::unique_ptr<ScratchChunk>(new (std::nothrow) ScratchChunk);
  if (chunk == nullptr) return Status::out_of_memory();
  poison(storage->data(), storage->size_bytes(), pool_->on_valgrind());
  chunk->storage = *std::move(storage);
  std::unique_ptr<ScratchChunk> outgrown;  // goes after the lock
  const std::lock_guard lock(scratch_lock_);
  if (scratch_generation_.load(std::memory_order_relaxed) % 2 == 0) return closed_status();
  scratch_bytes_.fetch_add(units_of(chunk->storage.size_bytes()) * unit_bytes,
                           std::memory_order_relaxed);
  if (chunks_ != nullptr && chunks_->borrows == 0) outgrown = take_out(chunks_);
  chunk->older = chunks_;
  chunks_ = chunk.release();
  return borrow(bytes);
}

// Under the scratch lock; the newest chunk has room.
Scratch ScopeNode::borrow(std::size_t bytes) noexcept {
  Scratch scratch;
  if (spare_references_ == 0) {
    references_.fetch_add(borrow_references, std::memory_order_relaxed);
    spare_references_ = borrow_references;
  }
  --spare_references_;
  scratch.node_ = this;
  scratch.chunk_ = chunks_;
  scratch.data_ = static_cast<std::byte*>(chunks_->storage.data()) + chunks_->used_bytes;
  scratch.size_bytes_ = bytes;
  scratch.generation_ = scratch_generation_.load(std::memory_order_relaxed);
  chunks_->used_bytes += units_of(bytes) * unit_bytes;
  ++chunks_->borrows;
  unpoison(scratch.data_, bytes, pool_->on_valgrind());
  return scratch;
}

void ScopeNode::give_back_scratch(const Scratch& borrow) noexcept {
  // The generation changes once and never back, so a closed scope is seen without the lock.
  if (scratch_generation() == borrow.generation_ && take_back(borrow)) return;
  drop_reference();
}

// False when the scope is closed: then only the borrow's reference is left of it.
bool ScopeNode::take_back(const Scratch& borrow) noexcept {
  std::unique_ptr<ScratchChunk> unused;  // goes after the lock
  const std::lock_guard lock(scratch_lock_);
  if (scratch_generation_.load(std::memory_order_relaxed) != borrow.generation_) return false;
  poison(borrow.data_, borrow.size_bytes_, pool_->on_valgrind());
  ScratchChunk* chunk = borrow.chunk_;
  const std::size_t size_bytes = units_of(borrow.size_bytes_) * unit_bytes;
  const auto* base = static_cast<std::byte*>(chunk->storage.data());
  if (--chunk->borrows == 0) {
    chunk->used_bytes = 0;
    if (chunk != chunks_) unused = take_out(chunk);
  } else if (borrow.data_ + size_bytes == base + chunk->used_bytes) {
    chunk->used_bytes -= size_bytes;
  }
  ++spare_references_;
  return true;
}

// Under the scratch lock.
std::unique_ptr<ScratchChunk> ScopeNode::take_out(ScratchChunk* chunk) noexcept {
  ScratchChunk** link = &chunks_;
  while (*link != chunk) link = &(*link)->older;
  *link = chunk->older;
  scratch_bytes_.fetch_sub(units_of(chunk->storage.size_bytes()) * unit_bytes,
                           std::memory_order_relaxed);
  return std::unique_ptr<ScratchChunk>(chunk);
}

void ScopeNode::close() noexcept {
  ScopeNode* dead = nullptr;
  ScratchChunk* chunks = nullptr;
  {
    const std::lock_guard lock(tree_->lock);
    if (is_open()) end_credits();
    close_locked(dead, chunks);
  }
  while (chunks != nullptr) {
    const std::unique_ptr<ScratchChunk> chunk(chunks);
    chunks = chunk->older;
  }
  wake_decay();
  drop_dead(dead);
}

void ScopeNode::drop_dead(ScopeNode* dead) noexcept {
  while (dead != nullptr) {
    ScopeNode* node = dead;
    dead = node->next_dead_;
    node->drop_reference();
  }
}

Status ScopeNode::closed_status() const noexcept {
  try {
    return {ErrorCode::closed, "scope " + path_ + " is closed; open a new one below its parent"};
  } catch (const std::bad_alloc&) {
    return {ErrorCode::closed, "the scope is closed"};
  }
}

}  // namespace frys::detail
