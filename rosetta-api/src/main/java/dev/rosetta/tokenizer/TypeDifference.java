package dev.rosetta.tokenizer;

/** Which differences between the types of one token matter by themselves. */
final class TypeDifference {
  private TypeDifference() {}

  /**
   * Whether tokens of these types are used differently: a control token became plain text, or a
   * byte something else. Whether a user-defined token is one by its type or by merges is for the
   * texts to show; that it is a control token instead, as llama.cpp's converter decides by the
   * spelling, changes no ids.
   */
  static boolean decides(TokenType a, TokenType b) {
    return a == TokenType.BYTE
        || b == TokenType.BYTE
        || a == TokenType.CONTROL && b == TokenType.NORMAL
        || a == TokenType.NORMAL && b == TokenType.CONTROL;
  }
}
