using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace ImgAlign.Tests.Evaluation;

/// <summary>What an evaluation has written, but for times and machines.</summary>
internal static partial class EvaluationFolder
{
    /// <summary>The hashes of all files by their names.</summary>
    public static Dictionary<string, string> Snapshot(string folder) =>
        Directory
            .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(static file => Path.GetFileName(file) != "cost.json")
            .ToDictionary(file => Path.GetRelativePath(folder, file), Hash);

    private static string Hash(string file)
    {
        var bytes = file.EndsWith(".html", StringComparison.Ordinal)
            ? Encoding.UTF8.GetBytes(Costs().Replace(File.ReadAllText(file), ""))
            : File.ReadAllBytes(file);
        return Convert.ToHexString(SHA256.HashData(bytes));
    }

    [GeneratedRegex("<section class=\"cost\">.*?</section>", RegexOptions.Singleline)]
    private static partial Regex Costs();
}
