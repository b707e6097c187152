package dev.rosetta.kernels.panama;

import dev.rosetta.kernels.panama.generated.RosettaKernels;
import dev.rosetta.model.ElementType;
import dev.rosetta.spi.Availability;
import dev.rosetta.spi.KernelBackend;
import dev.rosetta.spi.RowDifference;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The kernels of the native library.
 *
 * <p>Thread-safe. The library is loaded when availability is first asked for, not before. Calls are
 * ordinary downcalls, so that a long one never holds back a garbage collection.
 */
public final class PanamaBackend implements KernelBackend {

  /** System property that forces a {@link Tier} by name. */
  public static final String TIER_PROPERTY = "rosetta.native.tier";

  private final Optional<Tier> forced;
  private volatile @Nullable Selection selection;

  /** What runs here: a tier, or the reason why none does. */
  private record Selection(@Nullable Tier tier, Availability availability) {}

  /**
   * The best tier of this processor, or the one that {@value #TIER_PROPERTY} names.
   *
   * @throws IllegalArgumentException if the property names no tier
   */
  public PanamaBackend() {
    this(property());
  }

  /** One tier and no other: what tests and benchmarks compare. */
  public PanamaBackend(Tier tier) {
    this(Optional.of(tier));
  }

  private PanamaBackend(Optional<Tier> forced) {
    this.forced = forced;
  }

  private static Optional<Tier> property() {
    String name = System.getProperty(TIER_PROPERTY, "");
    if (name.isEmpty()) {
      return Optional.empty();
    }
    for (Tier tier : Tier.values()) {
      if (tier.toString().equals(name)) {
        return Optional.of(tier);
      }
    }
    throw new IllegalArgumentException(
        TIER_PROPERTY + "=" + name + " is no tier; one of " + List.of(Tier.values()));
  }

  @Override
  public String name() {
    return "panama";
  }

  @Override
  public int priority() {
    return 20;
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if a tier is forced that this processor has not
   */
  @Override
  public Availability availability() {
    return selection().availability();
  }

  /** The tier in use; empty if the library is missing. */
  public Optional<Tier> tier() {
    return Optional.ofNullable(selection().tier());
  }

  private Selection selection() {
    Selection known = selection;
    if (known == null) {
      known = select(NativeLibrary.get(), forced);
      selection = known;
    }
    return known;
  }

  private static Selection select(NativeLibrary library, Optional<Tier> forced) {
    return switch (library) {
      case NativeLibrary.Missing(String reason) ->
          new Selection(null, new Availability.Unusable(reason));
      case NativeLibrary.Loaded(var path, var tiers) -> {
        if (forced.isPresent() && !tiers.contains(forced.get())) {
          throw new IllegalArgumentException(
              "tier " + forced.get() + " is forced, but this processor has only " + tiers);
        }
        Tier tier = forced.orElseGet(() -> Collections.max(tiers));
        link(tier);
        String why = forced.isPresent() ? "forced" : "best of " + tiers;
        yield new Selection(
            tier, new Availability.Usable("native " + tier + " (" + why + ") from " + path));
      }
    };
  }

  /** Makes the first call, which links it: that takes longer than to multiply a layer. */
  private static void link(Tier tier) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1f);
      MemorySegment product = arena.allocate(ValueLayout.JAVA_FLOAT);
      int type = RosettaKernels.ROSETTA_TYPE_F32();
      check(RosettaKernels.rosetta_matmul(one, one, product, tier.code(), type, 1, 1, 1, 1));
    }
  }

  @Override
  public boolean supports(ElementType type) {
    return code(type) >= 0;
  }

  private static int code(ElementType type) {
    return switch (type) {
      case F32 -> RosettaKernels.ROSETTA_TYPE_F32();
      case F16 -> RosettaKernels.ROSETTA_TYPE_F16();
      case BF16 -> RosettaKernels.ROSETTA_TYPE_BF16();
      case Q8_0 -> RosettaKernels.ROSETTA_TYPE_Q8_0();
      case Q4_0 -> RosettaKernels.ROSETTA_TYPE_Q4_0();
      case Q4_K -> RosettaKernels.ROSETTA_TYPE_Q4_K();
      case Q5_K -> RosettaKernels.ROSETTA_TYPE_Q5_K();
      case Q6_K -> RosettaKernels.ROSETTA_TYPE_Q6_K();
      default -> -1;
    };
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
    if (rows < 0 || columns < 0 || tokens < 0 || yStride < rows) {
      throw new IllegalArgumentException(
          "rows %d, columns %d, tokens %d, yStride %d".formatted(rows, columns, tokens, yStride));
    }
    int typeCode = typeCode(type);
    requireNative("w", w, Math.multiplyExact(rows, type.byteSize(columns)));
    requireNative("x", x, Math.multiplyExact((long) tokens * columns, Float.BYTES));
    if (rows == 0 || tokens == 0) {
      return;
    }
    requireNative("y", y, Math.multiplyExact((tokens - 1L) * yStride + rows, Float.BYTES));
    requireWritable("y", y);
    check(
        RosettaKernels.rosetta_matmul(
            w, x, y, tierCode(), typeCode, rows, columns, tokens, yStride));
  }

  @Override
  public boolean dequantizes(ElementType type) {
    return supports(type);
  }

  @Override
  public void dequantize(
      ElementType type, MemorySegment blocks, MemorySegment values, long elements) {
    int typeCode = typeCode(type);
    requireNative("blocks", blocks, type.byteSize(elements));
    requireNative("values", values, Math.multiplyExact(elements, Float.BYTES));
    requireWritable("values", values);
    check(RosettaKernels.rosetta_dequantize(blocks, values, tierCode(), typeCode, elements));
  }

  @Override
  public void difference(
      MemorySegment a, MemorySegment b, int rows, int columns, MemorySegment sums) {
    if (rows < 0 || columns < 0) {
      throw new IllegalArgumentException("rows %d, columns %d".formatted(rows, columns));
    }
    long values = Math.multiplyExact((long) rows * columns, Float.BYTES);
    requireNative("a", a, values);
    requireNative("b", b, values);
    long results = (long) rows * RowDifference.length(columns);
    requireNative("sums", sums, Math.multiplyExact(results, Double.BYTES));
    requireWritable("sums", sums);
    check(RosettaKernels.rosetta_difference(a, b, sums, tierCode(), rows, columns));
  }

  private static int typeCode(ElementType type) {
    int typeCode = code(type);
    if (typeCode < 0) {
      throw new IllegalArgumentException("no native kernel for " + type);
    }
    return typeCode;
  }

  private int tierCode() {
    Selection known = selection();
    if (known.tier() == null) {
      throw new IllegalStateException(known.availability().reason());
    }
    return known.tier().code();
  }

  private static void requireNative(String what, MemorySegment segment, long bytes) {
    if (!segment.isNative()) {
      throw new IllegalArgumentException(what + " is not native memory");
    }
    if (segment.byteSize() < bytes) {
      throw new IndexOutOfBoundsException(
          what + " has " + segment.byteSize() + " bytes, " + bytes + " are needed");
    }
  }

  private static void requireWritable(String what, MemorySegment segment) {
    if (segment.isReadOnly()) {
      throw new IllegalArgumentException(what + " is read-only");
    }
  }

  private static void check(int status) {
    if (status != RosettaKernels.ROSETTA_OK()) {
      throw new IllegalStateException("the native library refused the call with " + status);
    }
  }
}
