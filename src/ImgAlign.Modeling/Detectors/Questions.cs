using ImgAlign.Sampling;

namespace ImgAlign.Detectors;

/// <summary>
/// What the detector is asked: how the image has to change to match the prompt (IMG, section 3.2). The authors draw from some sixty
/// phrasings, so that the features depend on the prompt and not on one sentence; this list is our own, of that form.
/// </summary>
public static class Questions
{
    /// <summary>What stands in a template for the prompt.</summary>
    public const string Placeholder = "{prompt}";

    /// <summary>The templates. Seeds draw by position: a changed list changes what seeds mean.</summary>
    public static IReadOnlyList<string> Templates { get; } =
    [
        "How to make the image match the intended prompt: {prompt}?",
        "How can the image be changed to match the prompt: {prompt}?",
        "How should the image be edited so that it fits the prompt: {prompt}?",
        "How could this image be brought in line with the prompt: {prompt}?",
        "How would you modify the image to follow the prompt: {prompt}?",
        "How to correct the image so that it shows what the prompt says: {prompt}?",
        "How to adapt the picture to the description: {prompt}?",
        "How can the picture be made to agree with the description: {prompt}?",
        "How might the image be revised to reflect the prompt: {prompt}?",
        "How do I change the image so that it becomes consistent with the text: {prompt}?",
        "How does the image have to be altered to depict: {prompt}?",
        "How to turn the image into one that shows: {prompt}?",
        "How to repair the mismatch between the image and the prompt: {prompt}?",
        "How to bring the content of the image closer to the prompt: {prompt}?",
        "How to improve the image's agreement with the prompt: {prompt}?",
        "How should one retouch the image to satisfy the prompt: {prompt}?",
        "What changes does the image need to match the prompt: {prompt}?",
        "What changes would make the image fit the description: {prompt}?",
        "What should be changed in the image so that it matches: {prompt}?",
        "What edits are required for the image to follow the prompt: {prompt}?",
        "What edits would bring the image in line with the text: {prompt}?",
        "What has to be added, removed or replaced for the image to match the prompt: {prompt}?",
        "What has to be different in the image for it to show: {prompt}?",
        "What is missing in the image compared with the prompt: {prompt}?",
        "What is wrong in the image with regard to the prompt, and how is it mended: {prompt}?",
        "What corrections does the image need in view of the prompt: {prompt}?",
        "What modification would align the image with the prompt: {prompt}?",
        "What modifications make the picture true to the description: {prompt}?",
        "What instructions would you give an artist to make the image match the prompt: {prompt}?",
        "What instruction turns this image into the one that the prompt describes: {prompt}?",
        "What steps lead from this image to one that fits the prompt: {prompt}?",
        "What would you alter in the picture to meet the prompt: {prompt}?",
        "What adjustments does the image need to be faithful to the prompt: {prompt}?",
        "What adjustments would let the image express the text: {prompt}?",
        "What differs between the image and the prompt, and how can it be corrected: {prompt}?",
        "Which changes would make the image agree with the prompt: {prompt}?",
        "Which changes are necessary for the image to illustrate: {prompt}?",
        "Which edits should be made so that the image corresponds to the prompt: {prompt}?",
        "Which elements of the image must change to match the prompt: {prompt}?",
        "Which objects, attributes or relations have to change for the image to match: {prompt}?",
        "Which parts of the image do not fit the prompt, and what should they be: {prompt}?",
        "Which corrections would bring the picture closer to the description: {prompt}?",
        "Which modifications would the image need to satisfy the description: {prompt}?",
        "In what way should the image be changed to match the prompt: {prompt}?",
        "In what way does the image have to be edited to represent: {prompt}?",
        "In which respects must the image be corrected to fit the prompt: {prompt}?",
        "Given the prompt, how should the image be changed: {prompt}?",
        "Given this description, what needs to be edited in the image: {prompt}?",
        "The image was made for a prompt. What must change for it to match: {prompt}?",
        "The intended image is described below. How do we get there from this one: {prompt}?",
        "Describe the changes that make the image match the prompt: {prompt}.",
        "Describe how to edit the image so that it shows: {prompt}.",
        "Describe what has to be corrected in the image to follow the prompt: {prompt}.",
        "Explain how to change the image to make it consistent with the prompt: {prompt}.",
        "Explain which edits would make the image fit the text: {prompt}.",
        "Give an instruction that edits the image to match the prompt: {prompt}.",
        "Give the edits that the image needs to agree with the description: {prompt}.",
        "List the changes that the image needs to depict: {prompt}.",
        "List what should be modified in the image so that it follows the prompt: {prompt}.",
        "Name the corrections that bring the image in line with the prompt: {prompt}.",
        "Suggest edits that would make the image correspond to the prompt: {prompt}.",
        "Suggest how the image could be altered to satisfy the prompt: {prompt}.",
        "Tell me how to change this image so that it matches the description: {prompt}.",
        "Write the instruction that an editor needs to make the image show: {prompt}.",
    ];

    /// <summary>Draws a template. The same seed and round give the same one on every platform.</summary>
    /// <param name="seed">The request's seed.</param>
    /// <param name="round">The round, from 1.</param>
    public static string Draw(long seed, int round = 1) =>
        Templates[(int)(((ulong)SeedSequence.At(seed, round - 1) >> 32) * (ulong)Templates.Count >> 32)]; // by its upper half

    /// <summary>Puts a prompt into a template, as it is: braces and other marks in it have no meaning.</summary>
    /// <param name="template">A text with <see cref="Placeholder"/> in it.</param>
    /// <param name="prompt">The prompt.</param>
    /// <exception cref="InvalidRequestException">The template has no place for the prompt.</exception>
    public static string Ask(string template, string prompt)
    {
        ArgumentNullException.ThrowIfNull(template);
        ArgumentNullException.ThrowIfNull(prompt);
        if (!template.Contains(Placeholder, StringComparison.Ordinal))
            throw new InvalidRequestException($"The question '{template}' does not say where the prompt goes; put {Placeholder} into it.");
        return template.Replace(Placeholder, prompt, StringComparison.Ordinal);
    }
}
