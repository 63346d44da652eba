using System.Text.RegularExpressions;
using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Language;

/// <summary>The sentences that describe scenes: written at random, and read.</summary>
internal static class Captions
{
    private static readonly Pattern[] Patterns =
    [
        new("", "a", ""),
        new("there is ", "a", ""),
        new("a picture of ", "a", ""),
        new("", "the", "is "),
    ];

    // In the order: left, above, right, below; what each says of the object that is named first.
    private static readonly string[][] Phrases =
    [
        ["left of", "to the left of", "on the left of"],
        ["above", "over", "on top of"],
        ["right of", "to the right of", "on the right of"],
        ["below", "under", "beneath"],
    ];

    /// <summary>Prompts that show what the world can draw.</summary>
    public static IReadOnlyList<string> Examples { get; } =
    ["a red circle left of a blue square", "there is a green triangle above a purple cross", "the yellow square is below the black circle"];

    /// <summary>The first phrase of each relation.</summary>
    public static IReadOnlyList<string> Relations { get; } = [.. Phrases.Select(static phrases => phrases[0])];

    /// <summary>All words of all captions.</summary>
    public static IReadOnlyList<string> Words { get; } =
    [
        .. Patterns
            .SelectMany(static pattern =>
                $"{pattern.Opening} {pattern.Article} {pattern.Verb}".Split(' ', StringSplitOptions.RemoveEmptyEntries)
            )
            .Concat(Phrases.SelectMany(static phrases => phrases).SelectMany(static phrase => phrase.Split(' ')))
            .Concat(NamesOf<ShapeColor>())
            .Concat(NamesOf<ShapeKind>())
            .Distinct(),
    ];

    /// <summary>Describes a scene in one of the ways that there are for it.</summary>
    /// <param name="scene">The scene.</param>
    /// <param name="random">Where the choice comes from: pattern, phrase, and which object is named first.</param>
    public static string Write(Scene scene, SceneRandom random)
    {
        ArgumentNullException.ThrowIfNull(scene);
        ArgumentNullException.ThrowIfNull(random);
        var pattern = random.Choose(Patterns);
        var secondFirst = random.Below(2) == 1;
        var phrase = random.Choose(Phrases[(scene.IsVertical ? 1 : 0) + (secondFirst ? 2 : 0)]);
        var (subject, other) = secondFirst ? (scene.Second, scene.First) : (scene.First, scene.Second);
        return $"{pattern.Opening}{pattern.Article} {subject} {pattern.Verb}{phrase} {pattern.Article} {other}";
    }

    /// <summary>Describes a scene in the one way that has the left or upper object first.</summary>
    /// <param name="scene">The scene.</param>
    public static string WriteCanonical(Scene scene) => WritePlainly(scene, secondFirst: false);

    /// <summary>Describes a scene in the plainest way.</summary>
    /// <param name="scene">The scene.</param>
    /// <param name="secondFirst">Whether the right or lower object is named first.</param>
    public static string WritePlainly(Scene scene, bool secondFirst)
    {
        ArgumentNullException.ThrowIfNull(scene);
        return (scene.IsVertical, secondFirst) switch
        {
            (false, false) => $"a {scene.First} left of a {scene.Second}",
            (false, true) => $"a {scene.Second} right of a {scene.First}",
            (true, false) => $"a {scene.First} above a {scene.Second}",
            (true, true) => $"a {scene.Second} below a {scene.First}",
        };
    }

    /// <summary>Reads a prompt.</summary>
    /// <param name="text">The prompt.</param>
    /// <returns>The scene that it describes.</returns>
    /// <exception cref="ImgAlignException">It describes none; the message says what the world can draw.</exception>
    public static Scene Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var match = Sentence.Match(Normalize(text));
        if (!match.Success)
            throw Unknown(text, "it reads");
        var (subject, other) = (Object("1"), Object("2"));
        if (subject == other)
            throw Unknown(text, "the two objects must differ, and it reads");
        var relation = Array.FindIndex(Phrases, phrases => phrases.Contains(match.Groups["relation"].Value));
        var isVertical = relation % 2 == 1;
        return relation < 2 ? new Scene(subject, other, isVertical) : new Scene(other, subject, isVertical);

        SceneObject Object(string number) =>
            new(
                Enum.Parse<ShapeColor>(match.Groups["color" + number].Value, ignoreCase: true),
                Enum.Parse<ShapeKind>(match.Groups["shape" + number].Value, ignoreCase: true)
            );
    }

    /// <summary>A prompt in the spelling of captions: small letters, no full stop.</summary>
    internal static string Normalize(string text) => text.Trim().TrimEnd('.').ToLowerInvariant();

    private static readonly Regex Sentence = new(
        $"^({Any(Patterns.Select(static pattern => pattern.Opening).Where(static opening => opening.Length > 0))})?{Thing(1)} "
            + $"(is )?(?<relation>{Any(Phrases.SelectMany(static phrases => phrases))}) {Thing(2)}$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture
    );

    private static string Thing(int number) =>
        $"(a|the) (?<color{number}>{Any(NamesOf<ShapeColor>())}) (?<shape{number}>{Any(NamesOf<ShapeKind>())})";

    private static string Any(IEnumerable<string> choices) => string.Join('|', choices.Select(Regex.Escape));

    /// <summary>The words for the values of an enumeration.</summary>
    internal static IReadOnlyList<string> NamesOf<T>()
        where T : struct, Enum => [.. Enum.GetNames<T>().Select(static name => name.ToLowerInvariant())];

    private static InvalidRequestException Unknown(string text, string reason) =>
        new(
            $"ShapeWorld cannot draw '{text}': {reason} \"{Examples[0]}\" and the like, with two objects out of "
                + $"{string.Join(", ", NamesOf<ShapeColor>())} and {string.Join(", ", NamesOf<ShapeKind>())}, "
                + "and left of, right of, above or below."
        );

    /// <summary>The frame of a caption.</summary>
    /// <param name="Opening">What stands before the first object, with its space.</param>
    /// <param name="Article">Before both objects.</param>
    /// <param name="Verb">Before the relation, with its space.</param>
    private sealed record Pattern(string Opening, string Article, string Verb);
}
