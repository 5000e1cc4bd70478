/** Prints each UTF-16 unit that Java's Character.isWhitespace holds for, in hex, one a line. */
class Whitespace {
  public static void main(String[] args) {
    for (int unit = 0; unit <= Character.MAX_VALUE; unit++) {
      if (Character.isWhitespace((char) unit)) System.out.println(Integer.toHexString(unit));
    }
  }
}
