package dev.rosetta.formats.packed;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Integers of a byte array. */
final class LittleEndian {
  private static final VarHandle I32 =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private LittleEndian() {}

  static int i32(byte[] bytes, int at) {
    return (int) I32.get(bytes, at);
  }
}
