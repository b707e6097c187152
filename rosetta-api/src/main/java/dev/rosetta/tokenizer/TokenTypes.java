package dev.rosetta.tokenizer;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Vocabulary;
import java.nio.file.Path;
import java.util.OptionalInt;

/** The kind of each token, as stated or, where a file states none, from ids and spellings. */
final class TokenTypes {
  private final TokenType[] types;

  private TokenTypes(TokenType[] types) {
    this.types = types;
  }

  /**
   * @throws ModelException if the list does not fit the tokens, or a code or a byte token is
   *     malformed
   */
  static TokenTypes of(Vocabulary vocabulary, TokenizerRules rules, Path source) {
    int[] stated = vocabulary.types();
    TokenType[] types = new TokenType[vocabulary.tokens().size()];
    if (stated == null) {
      for (int id = 0; id < types.length; id++) {
        types[id] = spelled(vocabulary.tokens().get(id), rules.family());
      }
      mark(types, rules.bos(), TokenType.CONTROL);
      mark(types, rules.eos(), TokenType.CONTROL);
      mark(types, rules.padding(), TokenType.CONTROL);
      mark(types, rules.unknown(), TokenType.UNKNOWN);
      return new TokenTypes(types);
    }
    if (stated.length != types.length) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          source,
          "tokenizer token_type has %d entries for %d tokens"
              .formatted(stated.length, types.length));
    }
    for (int id = 0; id < types.length; id++) {
      if (!TokenType.isCode(stated[id])) {
        throw new ModelException(
            ErrorCode.MALFORMED,
            source,
            "tokenizer token_type of token %d is %d; known are 0 to 6".formatted(id, stated[id]));
      }
      types[id] = TokenType.of(stated[id]);
      String text = vocabulary.tokens().get(id);
      if (types[id] == TokenType.BYTE && ByteTokens.parse(text) < 0) {
        throw new ModelException(
            ErrorCode.MALFORMED,
            source,
            "tokenizer token %d is %s; a byte token is <0x and two hex digits>"
                .formatted(id, Quoted.of(text)));
      }
    }
    return new TokenTypes(types);
  }

  TokenType type(int id) {
    return types[id];
  }

  private static TokenType spelled(String text, TokenizerRules.Family family) {
    if (family != TokenizerRules.Family.BYTE_LEVEL_BPE && ByteTokens.parse(text) >= 0) {
      return TokenType.BYTE;
    }
    return text.length() > 4 && text.startsWith("<|") && text.endsWith("|>")
        ? TokenType.CONTROL
        : TokenType.NORMAL;
  }

  private static void mark(TokenType[] types, OptionalInt id, TokenType type) {
    id.ifPresent(i -> types[i] = type);
  }
}
