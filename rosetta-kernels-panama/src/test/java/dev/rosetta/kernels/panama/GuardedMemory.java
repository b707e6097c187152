package dev.rosetta.kernels.panama;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Native memory that lies flush against an unmapped page in front or behind: an access outside
 * kills the test's JVM, so that it cannot go unnoticed. For Linux.
 */
final class GuardedMemory implements AutoCloseable {
  enum Guard {
    IN_FRONT,
    BEHIND
  }

  /** A multiple of every page size in use. */
  private static final long PAGE = 64 << 10;

  private static final int PROT_NONE = 0;
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x22;

  private static final MethodHandle MMAP =
      function(
          "mmap",
          FunctionDescriptor.of(
              ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle MPROTECT =
      function("mprotect", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
  private static final MethodHandle MUNMAP =
      function("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));

  private final MemorySegment mapping;
  private final long mappingSize;
  private final MemorySegment bytes;

  GuardedMemory(long size, Guard guard) {
    long body = Math.ceilDiv(size, PAGE) * PAGE;
    mappingSize = body + 2 * PAGE;
    try {
      mapping =
          (MemorySegment)
              MMAP.invokeExact(
                  MemorySegment.NULL, mappingSize, PROT_NONE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
      MemorySegment all = mapping.reinterpret(mappingSize);
      if (body > 0 && (int) MPROTECT.invokeExact(all.asSlice(PAGE), body, PROT_READ_WRITE) != 0) {
        throw new IllegalStateException("mprotect failed");
      }
      bytes = all.asSlice(guard == Guard.IN_FRONT ? PAGE : PAGE + body - size, size);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  MemorySegment bytes() {
    return bytes;
  }

  @Override
  public void close() {
    try {
      int status = (int) MUNMAP.invokeExact(mapping, mappingSize);
      if (status != 0) {
        throw new IllegalStateException("munmap failed");
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static MethodHandle function(String name, FunctionDescriptor descriptor) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor);
  }
}
