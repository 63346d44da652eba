using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace ImgAlign.Cli.Align;

/// <summary>
/// <c>--seed 1 2 3</c>, which may stand before the prompt: <c>align --seed 1 2 "a cat"</c>. The parser gives the option all words up to the
/// next option, so that the last one is the prompt where none was given elsewhere and it is no number.
/// </summary>
internal static class SeedOption
{
    private const string Name = "--seed";

    /// <summary>Makes the option.</summary>
    public static Option<string[]> Create() =>
        new(Name)
        {
            Description = $"A seed, 0 to {long.MaxValue}, 0 unless it is said; several make several pictures.",
            AllowMultipleArgumentsPerToken = true,
            Arity = ArgumentArity.OneOrMore,
        };

    /// <summary>Tells seeds from the prompt.</summary>
    /// <param name="words">The words of the option; null or empty where it was not given.</param>
    /// <param name="prompt">The prompt, where it was given apart from them.</param>
    /// <exception cref="ImgAlignException">A word is no seed, or there is no prompt.</exception>
    public static (IReadOnlyList<long> Seeds, string Prompt) Read(string[]? words, string? prompt)
    {
        var seeds = (words ?? []).ToList();
        if (prompt is null && seeds.Count > 1 && !IsNumber(seeds[^1]) && !CommandLineProgram.LooksLikeOption(seeds[^1]))
        {
            prompt = seeds[^1];
            seeds.RemoveAt(seeds.Count - 1);
        }
        var numbers = ReadNumbers([.. seeds]);
        if (string.IsNullOrWhiteSpace(prompt))
            throw new ImgAlignException(
                "There is no prompt; write what the picture should show, such as \"a red circle left of a blue square\"."
            );
        return (numbers, prompt);
    }

    /// <summary>The seeds of an option that holds nothing else; 0 where it was not given.</summary>
    /// <param name="words">The words of the option; null or empty where it was not given.</param>
    /// <exception cref="ImgAlignException">A word is no seed, or one is there twice.</exception>
    public static IReadOnlyList<long> ReadNumbers(string[]? words)
    {
        var numbers = (words ?? []).Select(Parse).ToList();
        if (numbers.CountBy(static seed => seed).FirstOrDefault(static count => count.Value > 1) is { Value: > 1 } twice)
            throw new ImgAlignException($"{Name} has {twice.Key} more than once; give each seed once, since each has a result of its own.");
        return numbers is [] ? [0] : numbers;
    }

    private static bool IsNumber(string word) =>
        BigInteger.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    private static long Parse(string word) =>
        long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var seed)
            ? seed
            : throw new ImgAlignException($"{Name} is '{word}'; use whole numbers from 0 to {long.MaxValue}.");
}
