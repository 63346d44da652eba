using static TorchSharp.torch;

namespace ImgAlign.Training.Detector;

/// <summary>A question to LLaVA with its answer. The pixels belong to the caller's dispose scope.</summary>
/// <param name="Ids">Token ids of question and answer, the image as one marker (-200).</param>
/// <param name="AnswerLength">How many of the last ids are the answer, which alone is learned.</param>
/// <param name="Pixels">Normalised pixels <c>[1, 3, S, S]</c>, or null for a question without a picture.</param>
public sealed record InstructionSample(IReadOnlyList<int> Ids, int AnswerLength, Tensor? Pixels);
