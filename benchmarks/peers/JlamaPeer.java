import com.github.tjake.jlama.tensor.AbstractTensor;
import com.github.tjake.jlama.tensor.BFloat16BufferTensor;
import com.github.tjake.jlama.tensor.FloatBufferTensor;
import com.github.tjake.jlama.tensor.TensorShape;
import com.github.tjake.jlama.tensor.operations.NativeSimdTensorOperations;
import com.github.tjake.jlama.tensor.operations.PanamaTensorOperations;
import com.github.tjake.jlama.tensor.operations.TensorOperations;
import com.github.tjake.jlama.util.MachineSpec;
import dev.rosetta.benchmarks.Gates;
import dev.rosetta.model.ElementType;
import dev.rosetta.spi.Availability;
import dev.rosetta.spi.KernelBackend;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Measures the gates with Jlama's kernels, on the Vector API and native, as peers in the same run.
 * Started by {@code run gates --peer jlama} from its source, with Jlama's jars on the class path;
 * no part of the build.
 *
 * <p>For weights that Jlama keeps as files do: F32 and BF16, with float32 activations. It keeps the
 * scales of Q4_0 apart from the quanta, and knows no other quantised type of a file.
 */
public final class JlamaPeer implements KernelBackend {
  private final String name;
  private final TensorOperations operations;

  /**
   * Rows in one call are a multiple of it, or fewer. From 6 tokens on, the native kernel leaves the
   * corner of the last {@code tokens % 5} by {@code rows % 5} results unwritten.
   */
  private final int rowBlock;

  /** Jlama writes rows of results without a gap; from here they are copied to their stride. */
  private MemorySegment results = MemorySegment.NULL;

  private JlamaPeer(String name, TensorOperations operations, int rowBlock) {
    this.name = name;
    this.operations = operations;
    this.rowBlock = rowBlock;
  }

  public static void main(String[] args) {
    System.exit(
        Gates.run(
            args.length == 0 ? List.of("F32", "BF16") : List.of(args),
            List.of(
                new JlamaPeer(
                    "jlama-vector", new PanamaTensorOperations(MachineSpec.VECTOR_TYPE), 1),
                new JlamaPeer("jlama-native", new NativeSimdTensorOperations(), 5))));
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int priority() {
    return 0;
  }

  @Override
  public Availability availability() {
    return new Availability.Usable("started as a peer");
  }

  @Override
  public boolean supports(ElementType type) {
    return type == ElementType.F32 || type == ElementType.BF16;
  }

  @Override
  public void matmul(
      ElementType type,
      MemorySegment w,
      int rows,
      int columns,
      MemorySegment x,
      int tokens,
      MemorySegment y,
      int yStride) {
    long rowBytes = (long) rows * Float.BYTES;
    if (results.byteSize() < tokens * rowBytes) {
      results = Arena.ofAuto().allocate(tokens * rowBytes, 64);
    }
    TensorShape shape = TensorShape.of(rows, columns);
    ByteBuffer weights = buffer(w, rows * type.byteSize(columns));
    AbstractTensor<?, ?> matrix =
        type == ElementType.F32
            ? new FloatBufferTensor("w", weights.asFloatBuffer(), shape, false)
            : new BFloat16BufferTensor("w", weights.asShortBuffer(), shape, false);
    FloatBufferTensor activations = floats(x, tokens, columns);
    FloatBufferTensor products = floats(results, tokens, rows);
    int rest = rows % rowBlock;
    operations.batchDotProduct(products, activations, matrix, 0, 0, columns, 0, 0, rows - rest);
    if (rest > 0) {
      operations.batchDotProduct(
          products, activations, matrix, 0, 0, columns, 0, rows - rest, rest);
    }
    for (int token = 0; token < tokens; token++) {
      MemorySegment.copy(
          results, token * rowBytes, y, (long) token * yStride * Float.BYTES, rowBytes);
    }
  }

  private static FloatBufferTensor floats(MemorySegment segment, int rows, int columns) {
    ByteBuffer bytes = buffer(segment, (long) rows * columns * Float.BYTES);
    return new FloatBufferTensor(
        "x", bytes.asFloatBuffer(), TensorShape.of(rows, columns), false);
  }

  private static ByteBuffer buffer(MemorySegment segment, long size) {
    return segment.asSlice(0, size).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }
}
