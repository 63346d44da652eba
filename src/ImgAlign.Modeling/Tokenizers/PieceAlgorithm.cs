namespace ImgAlign.Tokenizers;

/// <summary>How a sentencepiece model cuts a text, with the numbers of its files.</summary>
public enum PieceAlgorithm
{
    Unigram = 1,
    BytePair = 2,
    Word = 3,
    Character = 4,
}
