// A tile of a product is summed up in registers: some lines, of some vectors of columns. Of b only so many lines are read
// at a time that what all tiles of a group of columns read of it stays in the nearest cache. If b is transposed, those
// are turned in registers first, and lie on the stack.
//
// The last vector of columns ends where the lines do, and so does the last group: what two have in common is computed
// twice, to the same bits.
#include "compiler/Cpu/Matrices.h"

#include "compiler/Cpu/KernelElements.h"
#include "compiler/Cpu/RowAddress.h"
#include "runtime/Plan.h"
#include "llvm/ADT/bit.h"

using namespace mlir;

namespace rondo::cpu {

std::optional<Kernel> matrixKernel(Operation *op) {
  auto transpose = dyn_cast<rnn::TransposeOp>(op);
  bool isTranspose =
      transpose && transpose.getPermutation() == ArrayRef<int64_t>{1, 0} && rnn::elementOf(transpose.getType()).isF32();
  if (!isTranspose && !isa<rnn::MatmulOp, rnn::OuterOp>(op))
    return std::nullopt;
  Kernel kernel;
  for (Value operand : op->getOperands())
    kernel.operands.push_back({KernelOperand::Kind::Load, operand});
  kernel.operands.push_back({KernelOperand::Kind::Store, op->getResult(0)});
  kernel.width = rnn::elementCount(op->getResult(0).getType());
  kernel.isOfMatrices = true;
  return kernel;
}

namespace {

/// y [m, n], the sum over l < k of a(i, l) b(l, j).
struct MatrixProduct {
  int64_t m = 1, k = 1, n = 1;
  bool isATransposed = false, isBTransposed = false; // a lies as [k, m], b as [n, k]
  unsigned a = 0, b = 1;                             // which operand of the kernel each is

  explicit MatrixProduct(const Kernel &kernel) {
    ArrayRef<int64_t> ofA = rnn::shapeOf(kernel.operands[0].value.getType()),
                      ofB = rnn::shapeOf(kernel.operands[1].value.getType());
    Operation *op = kernel.operands[2].value.getDefiningOp();
    if (auto matmul = dyn_cast<rnn::MatmulOp>(op)) {
      isATransposed = matmul.getTransposed() && ofA.size() == 2;
      k = ofB[0];
      n = ofB.size() == 2 ? ofB[1] : 1;
      m = ofA.size() == 1 ? 1 : ofA[isATransposed ? 1 : 0];
    } else {
      isATransposed = cast<rnn::OuterOp>(op).getTransposed();
      bool isOfRow = ofA.size() < ofB.size(); // a scalar and [n], or [k] and [n, k]
      m = isOfRow ? 1 : ofA[isATransposed ? 1 : 0];
      n = ofB[isATransposed ? 1 : 0];
      k = ofB.size() == 2 ? ofB[isATransposed ? 0 : 1] : 1;
      isBTransposed = !isATransposed;
    }
    if (n == 1 && m > 1) { // a row of y instead of a column
      std::swap(m, n);
      std::swap(a, b);
      isBTransposed = !isATransposed;
      isATransposed = false;
    }
    isBTransposed &= k > 1; // else both are the same
  }
};

constexpr int64_t ceilDivide(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// In parts that are about as long as each other, and at most so long: how long.
constexpr int64_t partOf(int64_t whole, int64_t most) { return ceilDivide(whole, ceilDivide(whole, most)); }

struct TileShape {
  int64_t vectors, lines;
};

/// No vector is longer than the lines: to read less than a vector at the end of memory takes long.
int64_t lanesFor(const MatrixProduct &product, const Isa &isa) {
  return std::min(isa.lanes(), int64_t(llvm::bit_floor(uint64_t(product.n))));
}

TileShape tileShape(const MatrixProduct &product, const Isa &isa) {
  bool hasManyRegisters = isa.level == Isa::Level::X86_64_v4 || isa.level == Isa::Level::Aarch64;
  int64_t sums = hasManyRegisters ? 24 : 12, mostVectors = hasManyRegisters ? 4 : 3, mostLines = 12;
  int64_t vectors = partOf(ceilDivide(product.n, lanesFor(product, isa)), mostVectors);
  return {vectors, partOf(product.m, std::min(sums / vectors, mostLines))};
}

class MatrixProductCode {
public:
  MatrixProductCode(Code &code, const MatrixProduct &product, Value table)
      : code(code), product(product), shape(tileShape(product, code.target)), lanes(lanesFor(product, code.target)),
        vector(Code::vectorOf(code.f32, lanes)), columns(shape.vectors * lanes), a(operand(table, product.a)),
        b(operand(table, product.b)), y(operand(table, 2)) {
    if (product.isBTransposed)
      panel = code.stack(std::min(mostTerms, product.k) * columns * bytesOfReal);
  }

  void emit(Value firstRow, Value endRow, Value firstBlock, Value endBlock) {
    Value firstLine = code.mul(firstBlock, code.index(shape.lines));
    Value endLine = code.least(code.mul(endBlock, code.index(shape.lines)), code.index(product.m));
    code.loop(firstRow, endRow, code.index(1), [&](Value row) {
      Value atA = a.of(code, row), atB = b.of(code, row), atY = y.of(code, row);
      code.loop(code.index(0), code.index(product.n), code.index(columns), [&](Value column) {
        column = product.n > columns ? code.least(column, code.index(product.n - columns)) : code.index(0);
        emitGroup(atA, atB, code.at(atY, code.mul(column, code.index(bytesOfReal))), column, firstLine, endLine);
      });
    });
  }

private:
  /// Lines of b that are read at a time.
  static constexpr int64_t mostTerms = 128;

  RowAddress operand(Value table, unsigned number) {
    return RowAddress(code, code.at(table, int64_t(number * sizeof(runtime::Operand))));
  }

  /// Where the i-th vector of a group begins, in bytes.
  int64_t bytesTo(int64_t i) const {
    int64_t column = i * lanes;
    return (product.n < columns ? std::min(column, product.n - lanes) : column) * bytesOfReal;
  }

  /// A group of columns: all lines of it.
  void emitGroup(Value atA, Value atB, Value atY, Value column, Value firstLine, Value endLine) {
    if (product.k <= mostTerms)
      return emitTerms(atA, atB, atY, column, code.index(0), product.k, firstLine, endLine);
    code.loop(firstLine, endLine, code.index(1), [&](Value line) {
      for (int64_t i = 0; i < shape.vectors; ++i)
        code.store(code.real(0, vector), code.at(lineOfY(atY, line), bytesTo(i)));
    });
    int64_t whole = product.k / mostTerms * mostTerms;
    code.loop(code.index(0), code.index(whole), code.index(mostTerms),
              [&](Value first) { emitTerms(atA, atB, atY, column, first, mostTerms, firstLine, endLine); });
    if (whole < product.k)
      emitTerms(atA, atB, atY, column, code.index(whole), product.k - whole, firstLine, endLine);
  }

  Value lineOfY(Value atY, Value line) { return code.at(atY, code.mul(line, code.index(product.n * bytesOfReal))); }

  void emitTerms(Value atA, Value atB, Value atY, Value column, Value first, int64_t terms, Value firstLine,
                 Value endLine) {
    if (product.isBTransposed)
      turn(atB, column, first, terms);
    else
      atB = code.at(atB, code.mul(code.add(code.mul(first, code.index(product.n)), column), code.index(bytesOfReal)));
    atA = code.at(atA, code.mul(first, code.index(strideOfTerms())));
    int64_t whole = product.m / shape.lines * shape.lines;
    code.loop(firstLine, code.least(endLine, code.index(whole)), code.index(shape.lines),
              [&](Value line) { emitTile(atA, atB, atY, line, shape.lines, terms); });
    if (whole < product.m)
      code.when(code.compare(rnn::Predicate::Gt, endLine, code.index(whole)),
                [&] { emitTile(atA, atB, atY, code.index(whole), product.m - whole, terms); });
  }

  int64_t strideOfTerms() const { return (product.isATransposed ? product.m : 1) * bytesOfReal; }
  int64_t strideOfLines() const { return (product.isATransposed ? 1 : product.k) * bytesOfReal; }

  void emitTile(Value atA, Value atB, Value atY, Value line, int64_t lines, int64_t terms) {
    atA = code.at(atA, code.mul(line, code.index(strideOfLines())));
    atY = lineOfY(atY, line);
    auto addressOfSum = [&](int64_t i, int64_t j) { return code.at(atY, i * product.n * bytesOfReal + bytesTo(j)); };
    Code::Values sums(lines * shape.vectors, code.real(0, vector));
    sums = code.loop(code.index(0), code.index(terms), code.index(1), sums, [&](Value term, ValueRange carried) {
      Value termOfA = code.at(atA, code.mul(term, code.index(strideOfTerms())));
      Code::Values next(carried), ofB;
      for (int64_t j = 0; j < shape.vectors; ++j)
        ofB.push_back(product.isBTransposed ? code.load(vector, addressInPanel(term, j)) : loadOfB(atB, term, j));
      for (int64_t i = 0; i < lines; ++i) {
        Value factor = code.broadcast(code.load(code.f32, code.at(termOfA, i * strideOfLines())), lanes);
        for (int64_t j = 0; j < shape.vectors; ++j)
          next[i * shape.vectors + j] = code.fma(factor, ofB[j], next[i * shape.vectors + j]);
      }
      return next;
    });
    auto forSums = [&](llvm::function_ref<void(Value & sum, Value address)> body) {
      for (int64_t i = 0; i < lines; ++i)
        for (int64_t j = 0; j < shape.vectors; ++j)
          body(sums[i * shape.vectors + j], addressOfSum(i, j));
    };
    if (product.k > mostTerms) // vectors may have columns in common: all are read first
      forSums([&](Value &sum, Value address) { sum = code.add(code.load(vector, address), sum); });
    forSums([&](Value sum, Value address) { code.store(sum, address); });
  }

  Value loadOfB(Value atB, Value term, int64_t j) {
    return code.load(vector, code.at(code.at(atB, code.mul(term, code.index(product.n * bytesOfReal))), bytesTo(j)));
  }

  Value addressInPanel(Value term, int64_t j) {
    return code.at(code.at(panel, code.mul(term, code.index(columns * bytesOfReal))), j * lanes * bytesOfReal);
  }

  /// Puts columns of b transposed into the panel: so many terms from `first` on.
  void turn(Value atB, Value column, Value first, int64_t terms) {
    int64_t stride = product.k * bytesOfReal;
    atB = code.at(atB, code.add(code.mul(column, code.index(stride)), code.mul(first, code.index(bytesOfReal))));
    Value mask = terms < lanes ? code.mask(0, terms, lanes) : Value();
    code.loop(code.index(0), code.index(terms), code.index(lanes), [&](Value term) {
      term = terms < lanes ? code.index(0) : code.least(term, code.index(terms - lanes));
      for (int64_t j = 0; j < shape.vectors; ++j) {
        Value from = code.at(code.at(atB, code.mul(term, code.index(bytesOfReal))), bytesTo(j) * product.k);
        Code::Values square;
        for (int64_t i = 0; i < lanes; ++i)
          square.push_back(code.load(vector, code.at(from, i * stride), mask));
        code.transpose(square);
        for (int64_t i = 0; i < std::min(lanes, terms); ++i)
          code.store(square[i], addressInPanel(code.add(term, code.index(i)), j));
      }
    });
  }

  Code &code;
  const MatrixProduct product;
  const TileShape shape;
  const int64_t lanes;
  const Type vector;
  const int64_t columns; // of a group
  RowAddress a, b, y;
  Value panel; // [terms, columns]
};

void emitTranspose(Code &code, ArrayRef<int64_t> shape, Value table, Value firstRow, Value endRow) {
  int64_t m = shape[0], n = shape[1], lanes = code.target.lanes();
  Type vector = Code::vectorOf(code.f32, lanes);
  RowAddress x(code, table), y(code, code.at(table, int64_t(sizeof(runtime::Operand))));
  Value ofLine = n < lanes ? code.mask(0, n, lanes) : Value(), ofColumn = m < lanes ? code.mask(0, m, lanes) : Value();
  auto forBlocks = [&](int64_t size, llvm::function_ref<void(Value)> body) {
    code.loop(code.index(0), code.index(size), code.index(lanes),
              [&](Value first) { body(size < lanes ? code.index(0) : code.least(first, code.index(size - lanes))); });
  };
  auto bytesTo = [&](Value line, int64_t size, Value column) {
    return code.mul(code.add(code.mul(line, code.index(size)), column), code.index(bytesOfReal));
  };
  code.loop(firstRow, endRow, code.index(1), [&](Value row) {
    Value from = x.of(code, row), to = y.of(code, row);
    forBlocks(m, [&](Value line) {
      forBlocks(n, [&](Value column) {
        Value source = code.at(from, bytesTo(line, n, column)), target = code.at(to, bytesTo(column, m, line));
        Code::Values square(lanes, code.real(0, vector));
        for (int64_t i = 0; i < std::min(lanes, m); ++i)
          square[i] = code.load(vector, code.at(source, i * n * bytesOfReal), ofLine);
        code.transpose(square);
        for (int64_t i = 0; i < std::min(lanes, n); ++i)
          code.store(square[i], code.at(target, i * m * bytesOfReal), ofColumn);
      });
    });
  });
}

/// Null if it is a product.
rnn::TransposeOp transposeOf(const Kernel &kernel) {
  return kernel.operands.back().value.getDefiningOp<rnn::TransposeOp>();
}

} // namespace

int64_t blocksOfMatrixKernel(const Kernel &kernel, const Isa &isa) {
  if (transposeOf(kernel))
    return 0;
  MatrixProduct product(kernel);
  return ceilDivide(product.m, tileShape(product, isa).lines);
}

void emitMatrixKernel(Code &code, const Kernel &kernel, Value table, Value firstRow, Value endRow, Value firstBlock,
                      Value endBlock) {
  if (rnn::TransposeOp transpose = transposeOf(kernel))
    emitTranspose(code, rnn::shapeOf(transpose.getX().getType()), table, firstRow, endRow);
  else
    MatrixProductCode(code, MatrixProduct(kernel), table).emit(firstRow, endRow, firstBlock, endBlock);
}

} // namespace rondo::cpu
